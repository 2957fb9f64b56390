"""No home is cut or limited unless a promise lets the meter cut it."""

from typing import Final

from meter_emu.laws.judged import breached
from meter_emu.laws.law import Finding, Law, Trial
from meter_emu.stories.story import story
from meter_emu.world.rehearsal.verdicts import Verdict


def _check(trial: Trial) -> Finding:
    return breached(trial, Verdict.WRONGLY_CUT)


LAW: Final = Law(
    id="no-wrong-cut",
    says="a home with credit, in its protected hours, reactivated or with a limiter is not cut",
    properties=("P9", "P11"),
    presumes="a clock within its model's bound",
    draw=story,
    check=_check,
)
