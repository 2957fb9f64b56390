"""An executable linked with `meter_host.c`: started once, forked at every power-up.

Python never forks. The host process waits on a socket pair; for each power-up it gets one end of
another pair, forks, and reports the child's number and later its end. So a child that runs wild can
spoil only its own socket, and memory that is dropped before the next begins. Hosts of a program
that have no meter are kept for the next.
"""

import array
import atexit
import ctypes
import errno
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from functools import cache
from pathlib import Path
from select import select
from typing import IO, Final, final

from meter_emu.errors import ConfigError, ProgramError
from meter_emu.last_words import printable
from meter_emu.ports import VERSION
from meter_emu.world.meter.host.below import LOOKS_APART_S, Silence, end_below, excess
from meter_emu.world.meter.host.forecast import Shared

CPU_S: Final = 2  # CPU_S of meter_host.c
IGNORED_S: Final = 3 * CPU_S  # ours: of its own time, for one that ignores its bound
_START_S: Final = 20  # ours: idle before it has identified itself
_END_S: Final = 1.0  # ours: a child that has closed its socket, or was ended, is idle for so long
_C: Final = ctypes.CDLL(None)
_STAYS: Final = hasattr(os, "sched_setaffinity") and hasattr(_C, "sched_getcpu")
# Where this process may run, before any meter keeps a thread: two meters may live at once.
_MAY: Final = frozenset(os.sched_getaffinity(0) if _STAYS else ())
_SAID: Final = struct.Struct("<ci")
_ANSWER_S: Final = 5.0  # ours: a host that is idle for so long and says nothing was stopped
_HELLO_MAX: Final = 512
_OUTPUT_KEPT: Final = 65_536  # ours: the end of its output is kept
_HELP: Final = "link your program with meter_host.c ('meter-emu firmware new DIR' has it)"
# What differs from run to run in a line of a sanitizer or a C library: process and addresses.
_OF_THIS_RUN: Final = re.compile(r"==\d+==\s*|\b0x[0-9a-fA-F]+\b|\(pid=\d+\)")
_TELLING: Final = ("ERROR: ", "runtime error", "panicked at", "terminate called", "Assertion")


@final
class Host:
    """One process of an executable, with at most one meter at a time.

    `debugger` is a command line before its own: it has the terminal, and nothing is bounded.

    Raise `ConfigError` for a file that is no meter program, with the remedy.
    """

    def __init__(self, path: str, debugger: Sequence[str] = ()) -> None:
        self._path: Final = path
        self._debugger: Final = debugger
        self.bounded: Final = not debugger
        self._read_from = 0
        self._ending: int | None = None  # the child that has not ended yet
        # A program in a ring of garbage closes it: kept here, it is not torn down before that.
        self._line: socket.socket | None = None
        with ExitStack() as undo:
            self._output: IO[bytes] = undo.enter_context(tempfile.TemporaryFile())
            self.shared: Final = undo.enter_context(closing(Shared()))
            ours, theirs = socket.socketpair()
            self._control: Final = undo.enter_context(ours)
            with theirs:
                self._process = self._start(theirs.fileno())
            undo.callback(self._end)
            self.traits: Final = self._hello()
            self._ends: Final = undo.pop_all()

    def power_up(self) -> "tuple[socket.socket, int]":
        """Return the socket of a new child and its number; the one before it ends."""
        self.ended()
        self._shorten()
        ours, theirs = socket.socketpair()
        with ExitStack() as undo:
            undo.enter_context(ours)
            with theirs, suppress(OSError):  # one that has gone says nothing
                rights = array.array("i", [theirs.fileno()])
                self._control.sendmsg([b"P"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
            what, child = self._said()
            assert what == b"P", "the host says P, the child's number, and later E"
            if child < 0:
                raise ProgramError("crashed", "it cannot be forked: the system has no room")
            undo.pop_all()
        self._ending, self._line = child, ours
        return ours, child

    @property
    def runs(self) -> bool:
        """Whether its process is there: somebody may have ended it."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the child at once."""
        if self._ending is not None:
            with suppress(ProcessLookupError):
                os.kill(self._ending, signal.SIGKILL)

    def ended(self) -> int:
        """Wait for the child and return its status as `waitpid` gives it."""
        if self._ending is None:
            return 0
        if not self._says_something(_END_S):
            self.kill()
        self._ending = None
        _, status = self._said()
        return status

    def excess(self) -> str | None:
        """Return what its program takes that no meter needs, if it does."""
        return excess(self._process.pid) if self.bounded else None

    def silence(self) -> Silence:
        """Return how long its program is idle from now on, with all that it has started."""
        return Silence(self._process.pid)

    def ready(self) -> bool:
        """Whether it can have a meter: its process is there, and answers for the last child."""
        if not self.runs:
            return False
        try:
            self.ended()
        except ProgramError:
            return False
        return True

    def last_words(self) -> str:
        """Return the most telling line of its output, or nothing; it steers no terminal."""
        self._output.seek(self._read_from)
        lines = self._output.read(_OUTPUT_KEPT).decode("utf-8", "replace").splitlines()
        lines = [_OF_THIS_RUN.sub(_named, line.strip()) for line in lines if line.strip()]
        telling = [line for line in lines if any(word in line for word in _TELLING)]
        return printable((telling or lines[-1:] or [""])[0])

    def close(self) -> None:
        """End the process, and all below it."""
        self._ends.close()

    def _end(self) -> None:
        end_below(self._process.pid)
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()

    def _start(self, control: int) -> "subprocess.Popen[bytes]":
        path = os.path.abspath(self._path)  # noqa: PTH100 - a link stays a link
        shared = self.shared.fileno()
        parent = os.getpid() if self.bounded else 0  # its parent is the debugger
        numbers = (control, parent, int(self.bounded), shared)
        arguments = [*self._debugger, path, "--meter-bench", *map(str, numbers)]
        if self._debugger:
            return self._under_debugger(arguments, control, shared)
        try:
            return subprocess.Popen(  # noqa: S603 - the program somebody asked to have tested
                arguments,
                env={},
                pass_fds=(control, shared),
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                process_group=0,  # so that Ctrl-C reaches the bench alone
            )
        except OSError as error:
            raise ConfigError(self._path, "build", _why_not(self._path, error)) from None

    def _under_debugger(self, arguments: list[str], *passed: int) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(arguments, pass_fds=passed)  # noqa: S603 - likewise
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise ConfigError(arguments[0], "debugger", why) from None

    def _hello(self) -> str:
        said = b""
        if self._says_something(_START_S):
            with suppress(OSError):
                said = self._control.recv(_HELLO_MAX)
        if said.startswith(b"METER "):
            version, _, traits = said[6:].decode("ascii", "replace").strip().partition(" ")
            if version == str(VERSION):
                return traits.strip()
            why = f"speaks version {printable(version)} of the ports, expected {VERSION}: {_HELP}"
            raise ConfigError(self._path, "build", why)
        words = self.last_words()
        self._end()
        status = self._process.returncode
        how = "says nothing" if status == -signal.SIGKILL else f"exits with status {status}"
        quoted = f", saying {words[:100]!r}" if words else ""
        raise ConfigError(self._path, "build", f"{how}{quoted}: {_HELP}")

    def _said(self) -> tuple[bytes, int]:
        got = b""
        while len(got) < _SAID.size:
            if not self._says_something(_ANSWER_S):
                self._end()
                raise ProgramError("crashed", "its host process does not answer: it was stopped")
            more = self._control.recv(_SAID.size - len(got))
            if not more:
                self._end()
                raise ProgramError("crashed", "its host process was ended from outside")
            got += more
        what, value = _SAID.unpack(got)
        return what, value

    def _says_something(self, silent_s: float) -> bool:
        """Wait until it does; whether it does before all below it were idle for so long."""
        silence = self.silence()
        while not select([self._control], [], [], LOOKS_APART_S if self.bounded else None)[0]:
            silence.look()
            if silence.silent_s >= silent_s or silence.used_s >= IGNORED_S:
                return False
        return True

    def _shorten(self) -> None:
        """Begin the output of a child; that of earlier ones is dropped."""
        at = self._output.seek(0, os.SEEK_END)
        if at > _OUTPUT_KEPT:
            os.truncate(self._output.fileno(), 0)
            os.lseek(self._output.fileno(), 0, os.SEEK_SET)
            at = 0
        self._read_from = at


@final
class Together:
    """Keeps this thread and a program on one processor while they take turns, on Linux.

    The next turn then begins at once. Else an idle processor has to wake up for each, which takes
    as long as most polls.
    """

    def __init__(self, child: int) -> None:
        self._thread: Final = threading.get_native_id()
        if _MAY:
            here = {int(_C.sched_getcpu())}
            os.sched_setaffinity(self._thread, here)
            with suppress(ProcessLookupError):  # how it ended is found out by who waits for it
                os.sched_setaffinity(child, here)

    def end(self) -> None:
        """Let this thread go where the system wants it."""
        if _MAY:
            with suppress(ProcessLookupError):  # a thread that has ended
                os.sched_setaffinity(self._thread, _MAY)


def _why_not(path: str, error: OSError) -> str:
    """Return in a line why a file cannot be started, and the remedy."""
    if error.errno == errno.EACCES:
        return f"is not executable: chmod +x {path}"
    if error.errno == errno.ENOEXEC:
        return f"is no program for this machine, {os.uname().machine}: build it here"
    return (error.strerror or str(error)).lower()


@final
class Hosts:
    """The hosts of one executable in this process: as many as there were meters at once."""

    def __init__(self, path: str) -> None:
        self._path: Final = path
        self._debugger: Sequence[str] = ()
        self._free: Final[deque[Host]] = deque()
        # A host whose program is found as garbage, in a ring, would be torn down with it.
        self._taken: Final[set[Host]] = set()
        atexit.register(self.close)

    def take(self) -> Host:
        """Return a host without a meter."""
        host = self._free.pop() if self._free else None
        if host is not None and not host.ready():
            host.close()
            host = None
        if host is None:
            host = Host(self._path, self._debugger)
        self._taken.add(host)
        return host

    def give(self, host: Host) -> None:
        """Give a host back; its child is ended or ends now."""
        if not sys.is_finalizing():
            self._taken.discard(host)
            if host.runs:
                self._free.append(host)
            else:
                host.close()

    def end(self, host: Host) -> None:
        """End a host that no meter can have."""
        self._taken.discard(host)
        host.close()

    def debug_with(self, debugger: Sequence[str]) -> None:
        """Start hosts below a debugger from now on."""
        self.close()
        self._debugger = debugger
        self.give(self.take())

    def close(self) -> None:
        """Close the hosts without a meter."""
        while self._free:
            self._free.pop().close()


@cache
def hosts_of(path: str, _written: tuple[int, int]) -> Hosts:
    """Return the hosts of an executable in the version written at one time."""
    return Hosts(path)


def as_written(path: str) -> tuple[int, int]:
    """Return a value that differs from one build of a file to the next."""
    status = Path(path).stat()
    return status.st_mtime_ns, status.st_ino


def _named(found: re.Match[str]) -> str:
    return {"=": "", "0": "0x…", "(": ""}[found[0][0]]
