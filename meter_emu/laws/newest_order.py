"""The newest order that a meter has heard is its one order: it replaces all before."""

from typing import Final

from meter_emu.laws.judged import breached_under, orders_heard
from meter_emu.laws.law import Aside, Finding, Law, Trial
from meter_emu.stories.story import story
from meter_emu.world.rehearsal.verdicts import Verdict


def _check(trial: Trial) -> Finding:
    if len(orders_heard(trial)) < 2:
        return Aside("there was one order at most")
    return breached_under(trial, set(Verdict), lambda told: len(told) > 1)


LAW: Final = Law(
    id="newest-order",
    says="after several orders a home fares as the newest says",
    properties=("P11", "P13"),
    presumes="a clock within its model's bound",
    draw=story,
    check=_check,
)
