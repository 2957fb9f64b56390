"""No armed home is in the dark before T."""

from typing import Final

from meter_emu.laws.judged import breached
from meter_emu.laws.law import Finding, Law, Trial
from meter_emu.stories.story import story
from meter_emu.world.rehearsal.verdicts import Verdict


def _check(trial: Trial) -> Finding:
    return breached(trial, Verdict.EARLY)


LAW: Final = Law(
    id="never-early",
    says="a home that is armed keeps its supply until T",
    properties=("P1", "P6"),
    presumes="a clock within its model's bound",
    draw=story,
    check=_check,
)
