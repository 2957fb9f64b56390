"""What a rehearsal says of one household."""

from dataclasses import dataclass
from typing import Final, final

from card_protocol.timestamp import Civil
from meter_emu.world.rehearsal.verdicts import Verdict

WORK_US: Final = 5_000_000  # ours: one poll's own bus, EEPROM, card and drive time, with room


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
