"""An order that is new is obeyed, or refused in a way that the household can see."""

from typing import Final

from meter_emu.domain import Result
from meter_emu.laws.judged import found
from meter_emu.laws.law import Broken, Finding, Law, Trial
from meter_emu.stories.story import story
from meter_emu.world.rehearsal.verdicts import FindingKind


def _check(trial: Trial) -> Finding:
    """An office that is right writes both forms of an end alike: there is no later one to take."""
    for event in trial.run.events:
        if event.written is not None and event.written.result == Result.LATER_END_TAKEN:
            return Broken("the card says that the later of two ends was taken, and there is one")
    return found(trial, FindingKind.SILENT_ORDER)


LAW: Final = Law(
    id="order-answered",
    says="the card that comes back names the order that it brought, and doubts no end of it",
    properties=("P13",),
    presumes="a card on which the meter writes, by an office that is right",
    draw=story,
    check=_check,
)
