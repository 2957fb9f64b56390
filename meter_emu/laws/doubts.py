"""A meter says that it does not know the time only where something explains it."""

from typing import Final

from meter_emu.laws.judged import found
from meter_emu.laws.law import Finding, Law, Trial
from meter_emu.stories.story import story
from meter_emu.world.rehearsal.verdicts import FindingKind


def _check(trial: Trial) -> Finding:
    return found(trial, FindingKind.GROUNDLESS_DOUBT)


LAW: Final = Law(
    id="doubts",
    says="the meter doubts its clock only where an outsider can see why",
    properties=("P6", "P8"),
    presumes="a clock within its model's bound",
    draw=story,
    check=_check,
)
