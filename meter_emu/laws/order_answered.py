"""An order that is new is obeyed, or refused in a way that the household can see."""

from typing import Final

from meter_emu.laws.judged import found
from meter_emu.laws.law import Finding, Law, Trial
from meter_emu.stories.story import story
from meter_emu.world.rehearsal.verdicts import FindingKind


def _check(trial: Trial) -> Finding:
    return found(trial, FindingKind.SILENT_ORDER)


LAW: Final = Law(
    id="order-answered",
    says="the card that comes back names the order that it brought",
    properties=("P13",),
    presumes="a card on which the meter writes",
    draw=story,
    check=_check,
)
