"""A program that fails: how, when and by whose clock; its bounds and its last calls.

`CallLog` wraps the ports of a board, records the calls and reports each to a pulse. It is for
programs that are not ours, and for ours when run again after a failure to show their last calls.
Each call is a pulse, so a program that calls nothing is found.
"""

import signal
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, unique
from types import FrameType, TracebackType
from typing import Final, Protocol, cast, final

from card_protocol.errors import TraceError
from meter_emu.errors import MeterEmuError, PollOverrun, ProgramError
from meter_emu.last_words import printable
from meter_emu.ports import CALLS, SECONDS_A_DAY, Ports, Sleep
from meter_emu.world.meter import board
from meter_emu.world.meter.board import Board

CALLS_MAX: Final = 100_000  # ours: of one poll; a gas meter's tightness test makes 3,600
POLL_US_MAX: Final = 7_200_000_000  # ours: 2 h of true time; such a test is 12 min, 1 h at most
REGISTER_END: Final = 2**32
_HAS_ALARM: Final = hasattr(signal, "SIGALRM")  # Unix


@final
@unique
class FailureKind(Enum):
    """How a program failed, or which bound ended it."""

    CRASHED = "crashed"
    HUNG = "hung"
    UNSEEN = "not seen"  # the poll limit was reached
    UNSTEADY = "not reproducible"  # run again it did otherwise
    OUTSIDE = "not covered"  # the program is not for this meter or card: it was not run


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a meter's story ends early, at a true instant.

    `clock` is what the meter's clock chip showed, `None` for no time; `calls` are the last port
    calls, the oldest first.
    """

    kind: FailureKind
    why: str
    at_us: int
    clock: str | None
    calls: tuple[str, ...]


def program_error(error: Exception | PollOverrun) -> ProgramError | None:
    """Return a program's exception as `ProgramError`; `None` for those of people and files."""
    if isinstance(error, PollOverrun):
        return ProgramError(FailureKind.HUNG.value, str(error))
    trace = error.__traceback__
    if isinstance(error, ProgramError) or _not_the_program(error, trace):
        return None
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return ProgramError(FailureKind.CRASHED.value, printable(said) + _place(trace))


def check_answer(answer: object, calls: int, overran: str) -> None:
    """Raise `ProgramError` for a poll that did nothing, and for an answer that is no `Sleep`.

    A program that went on after exceeding a bound is ended now.
    """
    if overran:
        raise ProgramError(
            FailureKind.HUNG.value, f"a poll took more {overran} than any meter needs"
        )
    if not calls:
        raise ProgramError(FailureKind.HUNG.value, "a poll called no port")
    if answer is None or (isinstance(answer, Sleep) and _in_range(answer)):
        return
    if not isinstance(answer, Sleep):
        why = f"a poll returned {printable(repr(answer))}, expected Sleep or None"
        raise ProgramError(FailureKind.CRASHED.value, why)
    units = f"until_units None or 0 to {REGISTER_END - 1}"
    want = f"expected until_second from 1 to {SECONDS_A_DAY}, {units}"
    raise ProgramError(
        FailureKind.CRASHED.value, f"a poll returned {printable(repr(answer))}: {want}"
    )


def _in_range(sleep: Sleep) -> bool:
    second: object = sleep.until_second
    units: object = sleep.until_units
    if second is not None and (not isinstance(second, int) or not 1 <= second <= SECONDS_A_DAY):
        return False
    return units is None or (isinstance(units, int) and 0 <= units < REGISTER_END)


def _not_the_program(error: Exception, trace: TracebackType | None) -> bool:
    """Whether it is about a file, a cable or a trace, met in the middle of a call."""
    ours = isinstance(error, MeterEmuError | TraceError | OSError)
    return ours and any(frame.tb_frame.f_code.co_filename == board.__file__ for frame in _up(trace))


def _place(trace: TracebackType | None) -> str:
    """Return where in the program it was raised: the innermost frame outside the board."""
    frames = [f for f in _up(trace) if f.tb_frame.f_globals.get("__package__") != __package__]
    if not frames:
        return ""
    code = frames[-1].tb_frame.f_code
    name = code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f" ({name}, line {frames[-1].tb_lineno})"


def _up(trace: TracebackType | None) -> list[TracebackType]:
    found = []
    while trace is not None:
        found.append(trace)
        trace = trace.tb_next
    return found


SILENCE_S: Final = 10  # ours: of wall time, without a call; the longest call takes microseconds
CALLS_KEPT: Final = 8  # ours: they fit on a line


class Pulse(Protocol):
    """Notified when a poll begins and ends, and of every call in it."""

    def began(self, board: Board) -> None:
        """The program starts a poll."""
        ...

    def called(self, name: str, now_us: int) -> None:
        """It calls a port at a true instant."""
        ...

    def answered(self) -> None:
        """The port has answered: the program runs on."""
        ...

    def ended(self) -> None:
        """The poll has returned."""
        ...


@final
class CallLog:
    """Stands between a program and a board, and records the last calls."""

    def __init__(self, board: Board, pulse: Pulse) -> None:
        self._board: Final = board
        self._pulse: Final = pulse
        self._kept: Final[deque[tuple[str, tuple[object, ...]]]] = deque(maxlen=CALLS_KEPT)
        heard: dict[str, object] = {name: self._heard(name) for name in CALLS}
        self.ports: Final = cast("Ports", _Heard({**heard, "board": board}))

    @contextmanager
    def poll(self) -> Iterator[None]:
        """Report the calls to the pulse for one poll."""
        self._pulse.began(self._board)
        try:
            yield
        finally:
            self._pulse.ended()

    @property
    def calls(self) -> tuple[str, ...]:
        """The last calls, the oldest first. Data sent is given by length only: it may be keys."""
        return tuple(f"{name}({', '.join(map(_short, args))})" for name, args in self._kept)

    def _heard(self, name: str) -> Callable[..., object]:
        call: Callable[..., object]
        call, board, pulse, keep = getattr(self._board, name), self._board, self._pulse, self._kept

        def heard(*args: object, **named: object) -> object:
            keep.append((name, (*args, *named.values())))
            pulse.called(name, board.now_us)
            try:
                return call(*args, **named)
            finally:
                pulse.answered()

        return heard


class _Heard:
    """The recording ports, and the board below them for a host that foretells it."""

    def __init__(self, calls: dict[str, object]) -> None:
        self.__dict__.update(calls)


def _short(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    text = repr(value)
    return text if len(text) <= 20 else f"{text[:20]}…"


@final
class NoPulse:
    """For programs of ours: bounded by calls alone, so no wall clock affects a result."""

    def began(self, board: Board) -> None:
        """See `Pulse`."""

    def called(self, name: str, now_us: int) -> None:
        """See `Pulse`."""

    def answered(self) -> None:
        """See `Pulse`."""

    def ended(self) -> None:
        """See `Pulse`."""


@final
class Alarm:
    """Ends a silent poll in this process by a signal, if nobody else uses that signal.

    A program that never gives the interpreter back (one long call into C) cannot be ended.
    """

    def __init__(self, silence_s: float = SILENCE_S) -> None:
        self._silence_s: Final = silence_s
        self._armed = False

    def began(self, board: Board) -> None:  # noqa: ARG002  of the interface
        """See `Pulse`."""
        free = _HAS_ALARM and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
        self._armed = free and threading.current_thread() is threading.main_thread()
        if self._armed:
            signal.signal(signal.SIGALRM, self._ring)
            self.answered()

    def called(self, name: str, now_us: int) -> None:  # noqa: ARG002
        """See `Pulse`. Suspended while a port works: people may act at the meter."""
        if self._armed:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def answered(self) -> None:
        """See `Pulse`."""
        if self._armed:
            signal.setitimer(signal.ITIMER_REAL, self._silence_s, self._silence_s)

    def ended(self) -> None:
        """See `Pulse`."""
        if self._armed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        raise PollOverrun(f"no port was called for {self._silence_s} s")


_RECORD: Final = struct.Struct("<QQ?q")  # calls, polls, in a poll, true time
_NAME_SIZE: Final = 20
_CLOCK_SIZE: Final = 64
_NAMES_AT: Final = _RECORD.size
_CLOCK_AT: Final = _NAMES_AT + CALLS_KEPT * _NAME_SIZE
PULSE_SIZE: Final = _CLOCK_AT + 1 + _CLOCK_SIZE


@final
class SharedPulse:
    """One household's pulse, in memory shared with a process that can end this one."""

    def __init__(self, memory: memoryview) -> None:
        self._memory: Final = memory
        self._calls = 0
        self._polls = 0
        self._now_us = 0
        self._memory[_CLOCK_AT] = 0
        self._note(in_poll=False)

    def began(self, board: Board) -> None:
        """See `Pulse`."""
        self._polls += 1
        self._now_us = board.now_us
        shown = board.rtc.to_bytes(board.now_us)
        assert len(shown) <= _CLOCK_SIZE, "no chip has so many registers"
        self._memory[_CLOCK_AT] = len(shown)
        self._memory[_CLOCK_AT + 1 : _CLOCK_AT + 1 + len(shown)] = shown
        self._note(in_poll=True)

    def called(self, name: str, now_us: int) -> None:
        """See `Pulse`."""
        at = _NAMES_AT + self._calls % CALLS_KEPT * _NAME_SIZE
        self._memory[at : at + _NAME_SIZE] = name.encode().ljust(_NAME_SIZE)
        self._calls += 1
        self._now_us = now_us
        self._note(in_poll=True)

    def answered(self) -> None:
        """See `Pulse`."""

    def ended(self) -> None:
        """See `Pulse`."""
        self._note(in_poll=False)

    def _note(self, *, in_poll: bool) -> None:
        _RECORD.pack_into(self._memory, 0, self._calls, self._polls, in_poll, self._now_us)


@final
class FeltPulse:
    """A `SharedPulse` as another process sees it."""

    def __init__(self, memory: memoryview) -> None:
        self.calls, self.polls, self.in_poll, self.now_us = _RECORD.unpack_from(memory)
        self.clock = bytes(memory[_CLOCK_AT + 1 : _CLOCK_AT + 1 + memory[_CLOCK_AT]])
        first = max(0, self.calls - CALLS_KEPT)
        self._slots = [number % CALLS_KEPT for number in range(first, self.calls)]
        self._memory = memory

    @property
    def names(self) -> tuple[str, ...]:
        """The last calls, the oldest first."""
        starts = [_NAMES_AT + slot * _NAME_SIZE for slot in self._slots]
        return tuple(bytes(self._memory[at : at + _NAME_SIZE]).decode().strip() for at in starts)
