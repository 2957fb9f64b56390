"""A program in an executable, as the bench runs any: `poll()`, with the ports it calls.

Frames are as `meter_host.c` writes them, in memory that both see; a byte on the socket of a
power-up says that some are there. A call without an answer, and one whose answer was foretold, is
done with the next that has one: a power cut leaves nothing of the program, so the delay does not
matter.
"""

import os
import signal
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic
from typing import Final, final

from meter_emu.errors import ConfigError, PollOverrun, PowerLost, ProgramError
from meter_emu.last_words import printable, signal_name
from meter_emu.ports import VERSION, Ports, Sleep
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.covers import Covers
from meter_emu.world.meter.host.below import LOOKS_APART_S, Silence
from meter_emu.world.meter.host.calls import DONE, FULL, WRONG, carried
from meter_emu.world.meter.host.process import (
    CPU_S,
    IGNORED_S,
    Host,
    Hosts,
    Together,
    as_written,
    hosts_of,
)

SILENT_S: Final = 10  # ours: of wall time without a call, for one that sleeps
_CRASHED, _HUNG = "crashed", "hung"  # `FailureKind`
_FRAME: Final = struct.Struct("<BBHH")
_FRAME_BYTES: Final = 6
_HINT: Final = struct.Struct("<I?I")
_BELLS_MAX: Final = 64
_U16: Final = struct.Struct("<H")
_TOO_LONG: Final = f"a poll took {CPU_S} s of processor time"
_SPOILED: Final = "it sent what is no call of a port: is its memory spoiled?"
_LISTS: Final = ("chips", "energies", "time_bases", "generations", "carriers", "devices")


@final
class HostedProgram:
    """An executable; called with ports it gives a program just powered up."""

    def __init__(self, path: str) -> None:
        self._hosts: Final[Hosts] = hosts_of(path, as_written(path))
        host = self._hosts.take()
        self._hosts.give(host)
        self.covers: Final = covers_of(path, host.traits)

    def debug_with(self, debugger: Sequence[str]) -> None:
        """Start the program below a debugger from now on; it may then take its time."""
        self._hosts.debug_with(debugger)

    def close(self) -> None:
        """End the processes that have no meter."""
        self._hosts.close()

    def __call__(self, ports: Ports) -> "Hosted":
        """Return the program of one power-up."""
        return Hosted(self._hosts, ports)


def hosted(path: str) -> HostedProgram:
    """Return the program of a path; raise `ConfigError` for a file that is none."""
    if not Path(path).is_file():
        raise ConfigError(path, "build", "no such file")
    return HostedProgram(path)


@final
class Hosted:
    """A program from one power-up to the next cut (`meter_emu.ports.Firmware`)."""

    def __init__(self, hosts: Hosts, ports: Ports) -> None:
        self._hosts: Final = hosts
        board = getattr(ports, "board", ports)
        self._board: Final = board if isinstance(board, Board) else None
        self._host: Host | None = None
        self._calls: Final = carried(ports)
        host = hosts.take()
        with ExitStack() as undo:
            undo.callback(hosts.end, host)
            self._socket, self.child = host.power_up()
            undo.enter_context(self._socket)
            self._together: Final = Together(self.child)
            patience = struct.pack("ll", 0, int(LOOKS_APART_S * 1_000_000))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
            undo.pop_all()
        self._host = host
        self._look_s = monotonic() + LOOKS_APART_S

    def __del__(self) -> None:
        """The supply has gone, and with it the process."""
        self.close()

    def close(self) -> None:
        """Take the supply away."""
        host, self._host = self._host, None
        if host is not None:
            self._socket.close()
            self._together.end()
            self._hosts.give(host)

    def poll(self) -> Sleep | None:
        """Run once. See `meter_emu.ports.Firmware`."""
        assert self._host is not None, "a program that has ended is not polled"
        try:
            return self._poll(self._host)
        except (PowerLost, PollOverrun):
            self.close()
            raise
        except BaseException:  # a crash, a mistake in a file, Ctrl-C: the child may be at anything
            self._host.kill()
            self.close()
            raise

    def _poll(self, host: Host) -> Sleep | None:
        shared = host.shared
        if monotonic() > self._look_s:
            self._look_s = monotonic() + LOOKS_APART_S
            if (why := host.excess()) is not None:
                raise ProgramError(_CRASHED, why)
        shared.foretell(self._board, cells=True)
        self._send(b"P")
        while True:
            end = self._wait(host)
            answer = None
            for what, data, had in _frames(shared.frames()):
                if answer is not None:
                    raise ProgramError(_CRASHED, _SPOILED)
                if what == DONE:
                    return _hint(data)
                answer = self._called(what, data)
                if had:
                    if answer != had:
                        raise ProgramError(_CRASHED, _SPOILED)
                    answer = None
            if end is not None:
                raise end
            if answer is None:
                raise ProgramError(_CRASHED, _SPOILED)
            shared.foretell(self._board, cells=False)
            self._send(_U16.pack(len(answer)) + answer)

    def _called(self, what: int, data: bytes) -> bytes | None:
        if what == FULL:
            return b""
        if what == WRONG:
            raise ProgramError(_CRASHED, printable(data.decode("ascii", "replace")))
        try:
            return self._calls[what](data)
        except (struct.error, LookupError, ValueError):
            raise ProgramError(_CRASHED, _SPOILED) from None

    def _send(self, data: bytes) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # how it ended is read next
            self._socket.send(data)

    def _wait(self, host: Host) -> ProgramError | None:
        """Wait for frames; return how the program ended, if it did: its last calls are frames."""
        silence: Silence | None = None
        while True:
            try:
                rung = self._socket.recv(_BELLS_MAX)
            except BlockingIOError:
                if (why := host.excess()) is not None:
                    return ProgramError(_CRASHED, why)
                silence = silence or host.silence()
                silence.look()
                if not host.bounded:
                    continue
                if silence.used_s >= IGNORED_S:
                    return ProgramError(_HUNG, _TOO_LONG)
                if silence.silent_s >= SILENT_S:
                    return ProgramError(_HUNG, f"no port was called for {SILENT_S} s")
                continue
            except ConnectionResetError:
                rung = b""
            return None if rung else _ended(host)


def _frames(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield each frame: what, what it brings, and the answer that the program has had."""
    at, size = 0, len(data)
    while at < size:
        if at + _FRAME_BYTES > size:
            raise ProgramError(_CRASHED, _SPOILED)
        what, version, answered, length = _FRAME.unpack_from(data, at)
        at += _FRAME_BYTES
        end = at + length
        if end > size or answered > length or version != VERSION:
            raise ProgramError(_CRASHED, _SPOILED)
        yield what, data[at : end - answered], data[end - answered : end]
        at = end


def _hint(data: bytes) -> Sleep | None:
    until_second, has_units, until_units = _HINT.unpack(data)
    return Sleep(until_second, until_units if has_units else None) if until_second else None


def _ended(host: Host) -> ProgramError:
    try:
        return _end_of(host.ended(), host.last_words())
    except ProgramError as error:  # the host has ended as well, or was stopped
        return error


def _end_of(status: int, words: str) -> ProgramError:
    """Return how a process ended by itself, from its status and its last words."""
    said = f": {words}" if words else ""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return ProgramError(_HUNG, _TOO_LONG)
        if number == signal.SIGXFSZ:
            return ProgramError(_CRASHED, "it printed more than 64 MB, or wrote so much to a file")
        how = f"{signal_name(number)} ({signal.strsignal(number)})"
        return ProgramError(_CRASHED, f"ended by {how}{said}")
    return ProgramError(_CRASHED, f"ended with status {os.WEXITSTATUS(status)}{said}")


def covers_of(path: str, traits: str) -> Covers:
    """Return what `meter_traits` declares; raise `ConfigError` for an impossible declaration."""
    said: dict[str, object] = {}
    for word in traits.split():
        name, equals, value = word.partition("=")
        if name in _LISTS and equals:
            names = [each for each in value.split(",") if each]
            said[name] = [int(n) if n.isdecimal() else n for n in names]
        elif name == "clock_cards" and value in {"yes", "no"}:
            said[name] = value == "yes"
        else:
            want = ", ".join(f"{each}=…" for each in (*_LISTS, "clock_cards"))
            raise ConfigError(path, "meter_traits", f"expected {want}, got {word!r}")
    covers = Covers(**said)  # type: ignore[arg-type]
    covers.check(path)
    return covers
