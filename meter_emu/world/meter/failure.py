"""A program that fails: how, and when by whose clock; the bounds a program has to keep."""

from dataclasses import dataclass
from enum import Enum, unique
from types import TracebackType
from typing import Final, final

from card_protocol.errors import TraceError
from meter_emu.errors import MeterEmuError, PollOverrun, ProgramError
from meter_emu.ports import SECONDS_A_DAY, Sleep
from meter_emu.world.meter import board

CALLS_MAX: Final = 100_000  # ours: of one poll; a gas meter's tightness test makes 3,600
POLL_US_MAX: Final = 7_200_000_000  # ours: 2 h of true time; such a test is 12 min, 1 h at most
REGISTER_END: Final = 2**32
_TEXT_MAX: Final = 200  # ours: what a program says of itself is cut off here


@final
@unique
class FailureKind(Enum):
    """What became of a program, or of the patience with it."""

    CRASHED = "crashed"
    HUNG = "hung"
    UNSEEN = "not seen"  # the home has had its polls


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a meter's story ends before its time, at a true instant.

    `clock` is what the meter's clock chip showed, `None` where it showed no time; `calls` are the
    last calls of the ports, the oldest first.
    """

    kind: FailureKind
    why: str
    at_us: int
    clock: str | None
    calls: tuple[str, ...]


def program_error(error: Exception | PollOverrun) -> ProgramError | None:
    """Return what a program raised as `ProgramError`; `None` for what people and files did."""
    if isinstance(error, PollOverrun):
        return ProgramError(FailureKind.HUNG.value, str(error))
    trace = error.__traceback__
    if isinstance(error, ProgramError) or _not_the_program(error, trace):
        return None
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return ProgramError(FailureKind.CRASHED.value, printable(said) + _place(trace))


def check_answer(answer: object, calls: int, overran: str) -> None:
    """Raise `ProgramError` for a poll that did nothing, and for an answer that is no `Sleep`.

    A program that went on after it was ended for having too much of something is ended now.
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
        why = f"a poll returned {printable(repr(answer))}, want Sleep or None"
        raise ProgramError(FailureKind.CRASHED.value, why)
    units = f"until_units None or 0 to {REGISTER_END - 1}"
    want = f"want until_second from 1 to {SECONDS_A_DAY}, {units}"
    raise ProgramError(
        FailureKind.CRASHED.value, f"a poll returned {printable(repr(answer))}: {want}"
    )


def _in_range(sleep: Sleep) -> bool:
    second: object = sleep.until_second
    units: object = sleep.until_units
    if not isinstance(second, int) or not 1 <= second <= SECONDS_A_DAY:
        return False
    return units is None or (isinstance(units, int) and 0 <= units < REGISTER_END)


def printable(text: str) -> str:
    """Return what a program says as one line that cannot steer a terminal, and not all of it."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return line if len(line) <= _TEXT_MAX else f"{line[:_TEXT_MAX]}…"


def _not_the_program(error: Exception, trace: TracebackType | None) -> bool:
    """Whether it is about a file, a cable or a trace, met with in the middle of a call."""
    ours = isinstance(error, MeterEmuError | TraceError | OSError)
    return ours and any(frame.tb_frame.f_code.co_filename == board.__file__ for frame in _up(trace))


def _place(trace: TracebackType | None) -> str:
    """Return where in the program it was raised: the last place outside the board."""
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
