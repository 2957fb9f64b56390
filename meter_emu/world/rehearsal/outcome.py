"""What a rehearsal says of one household."""

from dataclasses import dataclass
from enum import Enum, unique
from typing import Final, final

from card_protocol.timestamp import Civil

WORK_US: Final = 5_000_000  # ours: one poll's own bus, EEPROM, card and drive time, with room


@final
@unique
class Verdict(Enum):
    """How a household fared against its promise; the first that fits, in this order, holds."""

    WRONGLY_CUT = "wrongly_cut"  # cut though no promise allowed it
    EARLY = "early"  # an armed home dark before T
    LATE = "late"  # cut at T, but later than the clock's uncertainty explains
    NEVER = "never"  # an armed home still supplied
    HELD = "held"  # still supplied because the meter could not know that T had come
    ON_TIME = "on_time"  # cut at T
    KEPT = "kept"  # nothing was due, and nothing was cut that should not be


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One row of a rehearsal. Instants are true microseconds.

    `announced_us` is T2 of the promise in force, or `None`; `cut_us` is the first disconnection the
    promise forbids, else the programmed cut. `wrong_display` is since when, and which T2, the
    meter stated another cut than the household was told (`None` there: it stated no cut).
    """

    id: str
    kind: str
    energy: str
    model: str
    build: str
    announced_us: int | None
    cut_us: int | None
    verdict: Verdict
    wrong_display: tuple[int, Civil | None] | None
