"""A card that brings a load and no order moves no cut."""

from dataclasses import replace
from typing import Final

from meter_emu.laws.compared import apart_us, same_cut, told_us
from meter_emu.laws.law import Aside, Finding, Law, Trial
from meter_emu.stories.story import armed_home
from meter_emu.units import MINUTE_US
from meter_emu.world.rehearsal.household import DeskOrder, Household, Visit, VisitKind

_LOAD: Final = DeskOrder(load_cents=2_000)


def _check(trial: Trial) -> Finding:
    home, end_us = trial.home, told_us(trial.home)
    last_us = home.visits[-1].at_us
    if end_us is None or end_us <= last_us + 3 * MINUTE_US:
        return Aside("no time between the order and T")
    part = trial.campaign.seed % 8 + 1
    at_us = last_us + 2 * MINUTE_US + (end_us - last_us - 2 * MINUTE_US) * part // 8
    return same_cut(trial, [("with a load brought", _loaded(home, at_us))], apart_us(home))


def _loaded(home: Household, at_us: int) -> Household:
    office = Visit(at_us=at_us - MINUTE_US, kind=VisitKind.DESK, desk=_LOAD)
    return replace(home, visits=(*home.visits, office, Visit(at_us=at_us, kind=VisitKind.INSERT)))


LAW: Final = Law(
    id="no-orders",
    says="a card that brings a load and no order moves no cut",
    properties=("P11", "P13"),
    presumes="nothing",
    draw=armed_home,
    check=_check,
    one_in=10,
)
