"""Once a reactivation is in the meter, no date that was ordered before cuts the home."""

from typing import Final

from meter_emu.laws.judged import breached_under, orders_heard
from meter_emu.laws.law import Aside, Finding, Law, Trial
from meter_emu.stories.story import story
from meter_emu.world.rehearsal.promise import ToldKind
from meter_emu.world.rehearsal.verdicts import Verdict


def _check(trial: Trial) -> Finding:
    orders = orders_heard(trial)
    if all(order.kind is not ToldKind.REACTIVATED for _, order in orders):
        return Aside("nobody was reactivated")
    kinds = {Verdict.WRONGLY_CUT, Verdict.EARLY, Verdict.NOT_RESTORED}
    return breached_under(trial, kinds, lambda told: told[-1].kind is ToldKind.REACTIVATED)


LAW: Final = Law(
    id="reactivation-cancels",
    says="a home that was reactivated is cut by no date that was ordered before",
    properties=("P11",),
    presumes="the card put in before T",
    draw=story,
    check=_check,
)
