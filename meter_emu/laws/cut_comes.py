"""A cut that is due comes, and no later than the clock's uncertainty explains."""

from typing import Final

from meter_emu.laws.judged import breached
from meter_emu.laws.law import Finding, Law, Trial
from meter_emu.stories.story import story
from meter_emu.world.rehearsal.verdicts import Verdict


def _check(trial: Trial) -> Finding:
    return breached(trial, Verdict.LATE, Verdict.NEVER)


LAW: Final = Law(
    id="cut-comes",
    says="a cut that was announced comes, no later than twice the clock's uncertainty and a poll",
    properties=("P2", "P6"),
    presumes="power, and a clock that the meter believes",
    draw=story,
    check=_check,
)
