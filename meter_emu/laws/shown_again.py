"""A card without a new order, put in once more at any time, moves no cut."""

from dataclasses import replace
from typing import Final

from meter_emu.laws.compared import apart_us, same_cut, told_us
from meter_emu.laws.law import Aside, Finding, Law, Trial
from meter_emu.stories.story import armed_home
from meter_emu.units import MINUTE_US
from meter_emu.world.rehearsal.household import Household, Visit, VisitKind


def _check(trial: Trial) -> Finding:
    home, end_us = trial.home, told_us(trial.home)
    last_us = home.visits[-1].at_us
    if end_us is None or end_us <= last_us + 2 * MINUTE_US:
        return Aside("no time between the order and T")
    part = trial.campaign.seed % 8 + 1
    between_us = last_us + MINUTE_US + (end_us - last_us - MINUTE_US) * part // 8
    others = (
        ("with the card put in twice", _again(home, last_us + MINUTE_US)),
        ("with the card shown again", _again(home, between_us)),
    )
    return same_cut(trial, others, apart_us(home))


def _again(home: Household, at_us: int) -> Household:
    visits = sorted(
        (*home.visits, Visit(at_us=at_us, kind=VisitKind.INSERT)), key=lambda visit: visit.at_us
    )
    return replace(home, visits=tuple(visits))


LAW: Final = Law(
    id="shown-again",
    says="a card that brings no new order moves no cut: inserted twice is inserted once",
    properties=("P11", "P13"),
    presumes="nothing",
    draw=armed_home,
    check=_check,
    one_in=10,
)
