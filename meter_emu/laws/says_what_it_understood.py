"""What the meter writes back on the card as T1 and T2 is what the household was told."""

from typing import Final

from meter_emu.laws.judged import found
from meter_emu.laws.law import Finding, Law, Trial
from meter_emu.stories.story import story
from meter_emu.world.rehearsal.verdicts import FindingKind


def _check(trial: Trial) -> Finding:
    return found(trial, FindingKind.WRONG_DISPLAY)


LAW: Final = Law(
    id="says-what-it-understood",
    says="the card that comes back states the T1 and T2 that the household was told",
    properties=("P4", "P13"),
    presumes="a card on which the meter writes",
    draw=story,
    check=_check,
)
