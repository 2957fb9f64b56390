"""A driver in an executable, which talks over its two pipes: a line each way.

The bench writes `set 0 2020 7 3 23 1 0 5 185`: routine, instance, arguments. The program answers
`=` and its result, `none` for no valid time, or `! text` where it refuses. In between it may use
the bus: `t 68 00 7` is address, bytes and count, answered by the bytes read or `-`; `p 1` and
`q 1 123` are peek and poke; `w 500` lets so many microseconds pass, and `c` asks how many have.
"""

import os
import select
import signal
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Final, final

from typing_extensions import override

from meter_emu.driver_bench.clock_bench import LOOK_US, ClockBench, GoneError, NoEndError
from meter_emu.driver_bench.declared import declared
from meter_emu.driver_bench.driver import (
    BYTES,
    MOMENTS,
    NOTHINGS,
    ROUTINES,
    TRUTHS,
    Argument,
    CannotError,
    Driver,
    Reading,
    RefusedError,
    Said,
)
from meter_emu.errors import ConfigError
from meter_emu.last_words import printable, signal_name
from meter_emu.nearest import hint

_CALL_S: Final = 1.0  # ours: processor time of the program for one line
_CPU_S: Final = 60  # ours: for one law
_WAIT_S: Final = 20  # ours: a program that sleeps for longer sleeps for ever
_LOOK_MS: Final = 200  # ours: how often it is looked at while it does not answer
_LINE_MAX: Final = 10_000  # ours: bytes without a line's end
_TOGETHER: Final = 400  # ours: lines on their way; both ways they fit into a pipe


@final
class HostDriver(Driver):
    """A program on its pipes, started anew for each law, so its statics are fresh."""

    def __init__(self, path: str) -> None:
        self._path: Final = path
        self._benches: dict[int, ClockBench] = {}
        self._pending = b""
        self._process = self._started()
        with ExitStack() as undo:
            undo.callback(self.end)
            self._bound()
            words = self._hello()
            routines = words.pop("routines", "").split(",")
            self.offers = frozenset(filter(None, routines))
            for routine in self.offers:
                if routine not in ROUTINES:
                    raise ConfigError(path, routine, f"is no routine{hint(routine, ROUTINES)}")
            self.declared = declared(path, words)
            undo.pop_all()

    @override
    def begin(self, bench: ClockBench | None, instance: int = 0) -> None:
        """Begin it on a bench."""
        if bench is not None:
            self._benches[instance] = bench
        if "begin" in self.offers:
            self.call("begin", instance=instance)

    @override
    def call(self, routine: str, *args: Argument, instance: int = 0) -> Said:
        """Send a line and serve the bus until it is answered."""
        self._send(_asked(routine, instance, args).encode())
        while True:
            line = self._line()
            if line[:1] in "=!n":
                return _result(routine, line)
            self._send(self._serve(line, instance))

    @override
    def call_many(
        self, routine: str, many: Sequence[tuple[Argument, ...]]
    ) -> Iterable[Said | RefusedError]:
        """Send many lines at once: the driver does not use the bus in between."""
        for first in range(0, len(many), _TOGETHER):
            some = many[first : first + _TOGETHER]
            self._send("".join(_asked(routine, 0, args) for args in some).encode())
            for _ in some:
                try:
                    yield _result(routine, self._line())
                except RefusedError as refused:
                    yield refused

    @override
    def end(self) -> None:
        """End the program."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _started(self) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(  # noqa: S603 - the program somebody asked to have tested
                [os.path.abspath(self._path)],  # noqa: PTH100 - a link stays a link
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
            )
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise ConfigError("verify", self._path, f"cannot be started: {why}") from None

    def _bound(self) -> None:
        import resource  # here, because only Unix has it

        started = self._process
        resource.prlimit(started.pid, resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
        self._poll = select.poll()
        assert started.stdout is not None, "it has a pipe"
        assert started.stdin is not None, "it has a pipe"
        self._from, self._to = started.stdout.fileno(), started.stdin.fileno()
        self._poll.register(self._from, select.POLLIN)

    def _hello(self) -> dict[str, str]:
        try:
            with suppress(NoEndError):  # what it says, if anything, says more
                self._send(b"hello\n")
            line = self._line()
        except NoEndError as error:
            raise ConfigError("verify", self._path, f"is no driver on pipes: {error}") from None
        first, *words = line.split()
        if first != "driver" or not all("=" in word for word in words):
            raise ConfigError("verify", self._path, f"is no driver on pipes: it says {line[:60]!r}")
        pairs = (word.split("=", 1) for word in words)
        return {key: value for key, value in pairs}  # noqa: C416 - each is a list of two

    def _serve(self, line: str, instance: int) -> bytes:
        what, *words = line.split()
        bench = self._benches.get(instance)
        try:
            if bench is None:
                raise GoneError("it uses a bus and declares no chip")
            if what == "t":
                out = b"" if words[1] == "." else bytes.fromhex(words[1])
                return bench.transfer(int(words[0], 16), out, int(words[2])).hex().encode() + b"\n"
            if what == "p":
                return b"%d\n" % bench.peek(int(words[0]))
            if what == "q":
                bench.poke(int(words[0]), int(words[1]))
                return b"0\n"
            if what == "c":
                bench.wait(LOOK_US)
                return b"%d\n" % bench.now_us
            if what == "w":
                bench.wait(int(words[0]))
                return b"0\n"
        except OSError:
            return b"-\n"
        except (ValueError, IndexError):
            pass
        raise GoneError(f"it says {line[:60]!r}, which is no line of a driver")

    def _send(self, data: bytes) -> None:
        try:
            os.write(self._to, data)
        except OSError:
            raise self._gone() from None

    def _line(self) -> str:
        while b"\n" not in self._pending:
            self._wait()
            more = os.read(self._from, 65_536)
            if not more:
                raise self._gone()
            self._pending += more
            if len(self._pending) > 100 * _LINE_MAX:
                raise GoneError("it says much and ends no line")
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode("utf-8", "replace").strip() or " "

    def _wait(self) -> None:
        """Wait for bytes, as long as the program sleeps or works for a while."""
        began_s: float | None = None
        for _ in range(_WAIT_S * 1000 // _LOOK_MS):
            if self._poll.poll(_LOOK_MS):
                return
            used_s = _cpu_s(self._process.pid)
            began_s = used_s if began_s is None else began_s
            if used_s - began_s > _CALL_S:
                raise NoEndError(f"no answer within {_CALL_S:.0f} s of processor time")
        raise NoEndError(f"no answer for {_WAIT_S} s")

    def _gone(self) -> NoEndError:
        status = self._process.wait()
        if status == -signal.SIGXCPU or (status == -signal.SIGKILL):
            return NoEndError(f"no answer within {_CPU_S} s of processor time")
        if status < 0:
            return GoneError(f"the program ended by {signal_name(-status)}")
        return GoneError(f"the program ended with status {status}")


def _cpu_s(pid: int) -> float:
    """Return the processor time a process has used; 0 where the system does not say."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _asked(routine: str, instance: int, args: tuple[Argument, ...]) -> str:
    """Return the line of a call; weekdays count from Sunday there."""
    if routine in {"nth_weekday", "last_weekday"}:
        year, month, weekday, *more = args
        args = (year, month, (int(str(weekday)) + 1) % 7, *more)
    return " ".join((routine, str(instance), *map(_word, args))) + "\n"


def _word(value: Argument) -> str:
    if isinstance(value, datetime):
        year, month, day, hour, minute, second, _, yearday = value.timetuple()[:8]
        weekday = value.isoweekday() % 7
        return f"{year} {month} {day} {hour} {minute} {second} {weekday} {yearday}"
    if isinstance(value, bytes):
        return value.hex() or "."
    return str(value).replace(" ", "+")


def _result(routine: str, line: str) -> Said:
    if line == "! cannot":
        raise CannotError(routine)
    if line[0] == "!":
        raise RefusedError(printable(line[1:].strip()) or "an error")
    words = line.split()[1:]
    if routine in NOTHINGS or line == "none":
        return None
    try:
        if routine in BYTES:
            return bytes.fromhex("".join(words))
        fields = frozenset(words.pop().split("+")) if len(words) == 9 else None
        numbers = [int(word) for word in words]
    except ValueError:
        raise RefusedError(f"its answer is {line[:60]!r}") from None
    if routine in MOMENTS and len(numbers) == 8:
        counted = (None if number < 0 else number for number in numbers[6:])
        return Reading._make((*numbers[:6], *counted, fields))
    if routine not in MOMENTS and len(numbers) == 1:
        return bool(numbers[0]) if routine in TRUTHS else numbers[0]
    raise RefusedError(f"its answer is {line[:60]!r}")
