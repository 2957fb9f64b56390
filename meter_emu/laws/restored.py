"""A household that has reactivated or paid gets supply when it asks for it, and not before."""

from typing import Final

from meter_emu.laws.judged import breached
from meter_emu.laws.law import Finding, Law, Trial
from meter_emu.stories.story import story
from meter_emu.world.rehearsal.verdicts import Verdict


def _check(trial: Trial) -> Finding:
    return breached(trial, Verdict.NOT_RESTORED, Verdict.FED_UNASKED)


LAW: Final = Law(
    id="restored",
    says="a home that is to be fed again is asked for its button, and fed when it is pressed",
    properties=("P11",),
    presumes="somebody who presses the button when the lamp asks for it",
    draw=story,
    check=_check,
)
