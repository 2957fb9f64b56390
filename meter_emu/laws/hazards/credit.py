"""Hazards of credit: it runs out, is lent and repaid, or is used while the time is unknown.

Each has its draw and its `Law`.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from meter_emu.domain import result_said
from meter_emu.laws.judged import hazard, promises
from meter_emu.laws.law import Aside, Broken, Finding, Trial
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import USES, Draft
from meter_emu.stories.people import near_week_edge_s
from meter_emu.stories.registers import other_time, upset
from meter_emu.stories.story import Among, models
from meter_emu.stories.times import Timing, at_minute_s, legal
from meter_emu.units import DAY_S, HOUR_S, HOUR_US, MINUTE_S, UEUR_PER_CENT
from meter_emu.world.households.household import DeskOrder, VisitKind
from meter_emu.world.judge.account import LoadProfile
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.meter.display import untimed_said
from meter_emu.world.meter.events import What

# Credit edge --------------------------------------------------------------------------------------
#
# Credit ends where the week's protected hours begin or end: Friday, Sunday and Monday.

# Minutes of the week, from Monday 0:00: Friday 16:00, Sunday's end, Monday 8:00, Monday 16:00.
_EDGES: Final = (4 * 1440 + 960, 7 * 1440, 480, 960, 4 * 1440 + 480, 5 * 1440)


@hazard(
    id="credit-edge",
    says="credit that ends at an edge of the protected hours is the end of supply when they are",
    properties=("P9",),
    presumes="a clock within its model's bound",
)
def credit_edge(draft: Draft, chooser: Chooser) -> None:
    """Draw a household without order whose credit is used up within an hour of such an edge."""
    draft.kind = "credit ends at an edge of the week"
    draft.credit_ends_s = near_week_edge_s(draft, draft.timing.end_s, _EDGES)
    draft.rates = USES[:-1]
    draft.timing = draft.timing._replace(
        armed_s=draft.credit_ends_s - (1 + chooser.below(60)) * HOUR_S,
        end_s=draft.credit_ends_s + chooser.below(3) * 24 * HOUR_S,
    )
    if chooser.below(3) == 2:
        draft.ask_supply(draft.credit_ends_s + chooser.below(100) * HOUR_S)


# Credit without time ------------------------------------------------------------------------------
#
# Credit ends in the protected hours, and the meter's clock shows an unprotected hour.
#
# It doubts that clock, or has the time from an office card written some hours before: either way it
# does not know that the protected hours are over.

_WEDNESDAY: Final = 2
_EVENINGS: Final = (0, 1, 2, 3, 4, 5)  # Monday to Saturday; Friday's is before a weekend
_FROM_MIN: Final = 9 * 60 + 30  # an unprotected hour by any time base, and some more after it


@hazard(
    id="credit-without-time",
    says="a clock that is not believed, or is a lower bound, ends no protected hours",
    properties=("P8", "P9"),
)
def credit_without_time(draft: Draft, chooser: Chooser) -> None:
    """Draw a clock upset at night, hours before or after the household's credit ends."""
    zone = draft.model.zone
    day = legal(draft.timing.end_s, zone).date()
    day += timedelta(days=chooser.of(_EVENINGS) - day.weekday())
    back_s = at_minute_s(day, 17 * 60 + chooser.below(120), zone)
    lost_s = back_s - 5 * MINUTE_S - chooser.below(60) * MINUTE_S
    draft.kind = "credit ends at an hour that the clock does not know"
    draft.credit_ends_s = back_s + (5 + chooser.below(90)) * MINUTE_S
    draft.rates = USES[:-1]
    draft.short = True
    wrote_s = at_minute_s(day, _FROM_MIN + chooser.below(120), zone)
    draft.first_s = wrote_s - HOUR_S
    draft.timing = Timing(wrote_s, draft.credit_ends_s)
    if chooser.below(2):
        draft.office(wrote_s, DeskOrder(prepayment=True))
        draft.upset(lost_s, back_s, upset(chooser, draft.model, back_s))
        draft.insert(back_s + MINUTE_S + chooser.below(3) * MINUTE_S)
    else:
        weeks = 1 + chooser.below(10)
        other = day - timedelta(days=day.weekday() - _WEDNESDAY + 7 * weeks)
        when = datetime(other.year, other.month, other.day) + timedelta(  # noqa: DTZ001
            minutes=_FROM_MIN + chooser.below(120)
        )
        doubted = when.year < 2000 or chooser.below(4) > 0
        when = when.replace(year=max(2000, when.year))
        draft.upset(lost_s, back_s, other_time(draft.model, when, doubted=doubted))


# Emergency again ----------------------------------------------------------------------------------
#
# Emergency credit is taken, used up, requested again, repaid by a load, and taken once more. What
# comes in between and brings no money repays nothing.

_EMERGENCY_RATES: Final = (
    4_000,
    2_000,
    8_000,
)  # ours: emergency credit lasts a day, or half of one
_REPAID_CENTS: Final = (
    2_000,
    500,
    1_200,
    1_500,
    10_000,
)  # more than the debt, less, and exactly it
_LATER_S: Final = (DAY_S, 4 * HOUR_S, 2 * DAY_S)
_WITHOUT_MONEY: Final = (
    DeskOrder(prepayment=True),
    DeskOrder(reactivate=True),
    DeskOrder(limiter=False),
)


@hazard(
    id="emergency-again",
    says="emergency credit is had once, until a load has repaid it",
    properties=("P10",),
    presumes="somebody who asks for supply as this model wants it",
)
def emergency_again(draft: Draft, chooser: Chooser) -> None:
    """Draw a household without credit that asks for supply some times, with a load between."""
    draft.kind = "emergency credit, again"
    draft.rates = _EMERGENCY_RATES
    at_s = draft.credit_ends_s = draft.timing.armed_s
    at_s += (1 + chooser.below(72)) * HOUR_S  # a weekend may come before the cut
    for _ in range(1 + chooser.below(3)):
        draft.ask_supply(at_s)
        at_s += chooser.of(_LATER_S) + chooser.below(12) * HOUR_S
        if chooser.below(2):
            draft.bring(at_s, chooser.of(_WITHOUT_MONEY))
            at_s += HOUR_S
    draft.bring(at_s, DeskOrder(load_cents=chooser.of(_REPAID_CENTS)))
    for _ in range(chooser.below(3)):
        at_s += chooser.of(_LATER_S) + chooser.below(12) * HOUR_S
        draft.ask_supply(at_s)
    draft.insert(at_s + HOUR_S + chooser.below(DAY_S))


# Many loads ---------------------------------------------------------------------------------------
#
# Load after load on one card: sums that fill 16 bits, much energy, other prices, an older card.

_LOADED_CENTS: Final = (
    25_000,
    25_000,
    25_000,
    10_000,
    24_999,
    500,
)  # most are the largest load a meter takes
_SPENT_RATES: Final = (4_000, 500, 8_000)  # 4 kW are 65 kWh in 16 hours
_LOADS_APART_S: Final = (DAY_S, HOUR_S, 2 * DAY_S, 6 * HOUR_S)
_LOADS_MAX: Final = 6
_LOADED_BEFORE: Final = ((1 << 32) // UEUR_PER_CENT, (1 << 31) // UEUR_PER_CENT)  # of 32 bits


def _check_many_loads(trial: Trial) -> Finding:
    visits = trial.household.visits
    for event in trial.run.events:
        refused = event.what is What.CARD_REFUSED and event.written is not None
        if refused and event.visit is not None and visits[event.visit].kind is VisitKind.INSERT:
            assert event.written is not None, "it was just asked"
            return Broken(f"a right load is refused: {result_said(event.written.result)}")
    return promises(trial)


@hazard(
    id="many-loads",
    says="each load is taken once and whole, however many there were before",
    properties=("P10", "P13"),
    presumes="a card on which the meter writes",
    check=_check_many_loads,
)
def many_loads(draft: Draft, chooser: Chooser) -> None:
    """Draw a household without order that loads three times or more, not each time at the meter."""
    draft.kind = "many loads"
    draft.rates = _SPENT_RATES
    if chooser.below(2):  # what was charged so far soon fills 32 bits
        cents = chooser.of(_LOADED_BEFORE) - chooser.below(1_000)
        draft.age = replace(draft.grown_old(), loaded_cents=cents, load_count=200)
    at_s, count = draft.timing.armed_s, 3 + chooser.below(_LOADS_MAX - 2)
    other = chooser.below(count + 1)  # the load that brings another tariff, if any
    for number in range(count):
        order = DeskOrder(load_cents=chooser.of(_LOADED_CENTS))
        if number == other:
            order = replace(order, tariff=draft.tariff(), mwh_per_unit=draft.worth_of_a_unit())
        if number + 1 < count and chooser.below(4) == 3:
            draft.office(at_s, order)  # two loads at once, the next time
        else:
            draft.bring(at_s, order)
        at_s += chooser.of(_LOADS_APART_S) + chooser.below(HOUR_S)
    if chooser.below(2):
        draft.insert_copy(at_s, 1 + chooser.below(count))
    draft.insert(at_s + chooser.of(_LOADS_APART_S))


# Used without time --------------------------------------------------------------------------------
#
# A clock has lost its time: the display counts separately what is used until it is set.

_UNTIMED_RATES: Final = (4_000, 2_000, 8_000)  # ours: some Wh a minute, of gas as well
_PAGES: Final = 7  # presses of our button to scroll
_PRESSES_APART_S: Final = 3  # ours: from one press to the next
_PRESSED: Final = frozenset({What.KEY_PRESSED})
_WH: Final = 1000 * HOUR_US  # mWh per unit and rate-µs in a Wh


def _check_used_without_time(trial: Trial) -> Finding:
    household, events = trial.household, trial.run.events
    if any(event.what is What.OPENED for event in events):
        return Aside("the household was cut")
    profile, worth = LoadProfile(household.load), household.model.credit.mwh_per_unit
    priced = household.model.measures.priced
    slack = 2 * WORK_US * max(household.load) * worth + 2 * worth * HOUR_US
    used, shown = 0, False
    for before, event in pairwise(events):
        if not before.clock_trusted:
            used += profile.used(before.at_us, event.at_us) * worth
        stated = untimed_said(event.shown) if event.what in _PRESSED else None
        if stated is None:
            continue
        shown, stated_wh = True, stated.milli
        low_wh, high_wh = max(0, used - slack) // _WH, -(-(used + slack) // _WH)
        if not low_wh <= stated_wh <= high_wh:
            words = f"shown as used without time, expected {low_wh} to {high_wh}"
            return Broken(f"{stated_wh} {priced.unit} {words}")
        if stated.unit != priced.panel:
            return Broken(f"used without time is shown in {stated.unit}, expected {priced.panel}")
    return None if shown else Aside("the display says nothing of energy used without time")


@hazard(
    id="used-without-time",
    says="what was used while the clock was doubted is shown apart",
    properties=("P8", "P10"),
    presumes="a display that says so, as ours does",
    check=_check_used_without_time,
)
def used_without_time(draft: Draft, chooser: Chooser) -> None:
    """Draw an outage beyond the clock's reserve, and somebody at the button afterwards.

    In two of three a technician has been there before. While the clock is not trusted every poll is
    run, so the story is an hour or two.
    """
    draft.kind = "used without time"
    draft.rates, draft.ample_credit, draft.short = _UNTIMED_RATES, True, True
    lost_s = draft.timing.armed_s + (1 + chooser.below(24)) * HOUR_S
    back_s = lost_s + (draft.model.clock.backup_days + 1 + chooser.below(15)) * DAY_S
    draft.outages.append((lost_s, back_s))
    draft.timing = Timing(draft.timing.armed_s, back_s)
    at_s = back_s + (10 + chooser.below(80)) * MINUTE_S
    if chooser.below(3):
        draft.technician(at_s, draft.tool_error_s())
        at_s += (1 + chooser.below(60)) * MINUTE_S
    for page in range(_PAGES):
        draft.ask_clock(at_s + page * _PRESSES_APART_S)


# Cut in a countdown -------------------------------------------------------------------------------
#
# Somebody is reactivated and asks for supply, and the power fails as the installation is tested.


def _tested(among: Among) -> Among:
    return [kit for kit in among or models() if kit.model.measures.countdown] or among


@hazard(
    id="cut-in-countdown",
    says="power that fails as an installation is tested leaves it without supply until it is asked",
    properties=("P6", "P11"),
    presumes="a meter that tests the installation, where there is one",
    kits=_tested,
)
def cut_in_countdown(draft: Draft, chooser: Chooser) -> None:
    """Draw a household that is cut, gets its supply back, and loses power as it asks for it."""
    draft.kind = "power that fails as somebody asks for supply"
    people.live(draft, people.NEVER)
    draft.ample_credit, draft.rates = True, USES[:-1]
    brought_s = draft.timing.end_s + DAY_S + chooser.below(DAY_S)
    draft.bring(brought_s, DeskOrder(reactivate=True))
    # The household presses as soon as it is invited to; a careless one does it again.
    lost_s = brought_s + MINUTE_S + chooser.below(draft.model.rearm.tightness_s + 6 * MINUTE_S)
    draft.outages.append((lost_s, lost_s + chooser.of((1, 10, 5 * MINUTE_S))))
    if chooser.below(2):
        draft.ask_supply(lost_s + HOUR_S)
    draft.scroll(lost_s + 8 * HOUR_S)
