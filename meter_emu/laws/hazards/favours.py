"""Hazards of favours: what a meter grants when credit or time is missing has an end.

Both laws compute the end for themselves: from power and switch, what flowed, the model's numbers
and `datetime`. They share no line with the judge, whose promises hold here as well.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from itertools import dropwhile, pairwise
from typing import Final, NamedTuple

from meter_emu.laws.judged import hazard, promises
from meter_emu.laws.law import Aside, Broken, Finding, Trial
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.registers import other_time, stopped, upset, without_seconds
from meter_emu.stories.times import Timing, at_minute_s, legal
from meter_emu.units import DAY_S, DAY_US, HOUR_S, HOUR_US, MINUTE_S, MINUTE_US, PPB, SECOND_US
from meter_emu.world.households.household import DeskOrder, Household, VisitKind
from meter_emu.world.judge.account import LoadProfile
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import MeterModel, Window, uncertainty_s
from meter_emu.zones import TimeZone

_POWERED_US: Final = 96 * HOUR_US  # ours: how long the hours alone may keep the supply on
_COUNTED_US: Final = 15 * MINUTE_US  # ours: what it need not have counted yet of that
_FORGOTTEN_PART: Final = 5  # ours: a failure costs one in so many of what it has counted since one
_SOON_US: Final = 20 * MINUTE_US  # ours: a quarter of an hour, and a start
_JOURNAL_US: Final = DAY_US  # ours: what a meter may forget at a failure, or until it is set again
_RATES: Final = (2_000, 500, 4_000, 1_000)
_WATCHED_D: Final = 12  # 8 days hold 96 hours outside office hours; a failure may cost some of it


# Shelter ------------------------------------------------------------------------------------------
#
# Credit is used up, and something keeps the meter from ever seeing an unprotected hour.


def _check_shelter(trial: Trial) -> Finding:
    spans = list(spans_of(trial.household, trial.run.events))
    # What gas flows while no program runs, before one has seen that nothing is left, is no shelter.
    without = list(dropwhile(lambda span: not span.powered, _without_credit(trial, spans)))
    if not without:
        return Aside("the credit was not used up for certain")
    return _too_long(trial.household, without) or promises(trial)


@hazard(
    id="shelter-has-an-end",
    says="who has no credit is kept supplied by the hours for 96 h with power at most",
    properties=("P9",),
    presumes="no other reason for supply; a program that has such hours",
    check=_check_shelter,
)
def shelter(draft: Draft, chooser: Chooser) -> None:
    """Draw a household that runs out of credit and is never found so in an unprotected hour."""
    draft.rates = _RATES
    draft.timing = Timing(draft.timing.armed_s, draft.timing.armed_s)
    _SITUATIONS[chooser.below(len(_SITUATIONS))](draft)


def _office_hours(draft: Draft) -> None:
    """The power is cut before the protected hours end, and comes back after they have begun."""
    draft.kind = "no power in office hours"
    first = legal(draft.timing.armed_s, draft.model.zone).date() + timedelta(days=1)
    draft.credit_ends_s = _at(draft, first, 20 * 60)
    _out_in_office_hours(draft, first)
    draft.scroll(_at(draft, first + timedelta(days=_WATCHED_D), 7 * 60))


def _flickering(draft: Draft) -> None:
    """The same, and for an hour no minute passes without a failure."""
    _office_hours(draft)
    draft.kind = "no power in office hours, and flicker"
    assert draft.credit_ends_s is not None, "drawn above"
    at_s, until_s = draft.credit_ends_s + HOUR_S, draft.credit_ends_s + 2 * HOUR_S
    while at_s < until_s:
        draft.outages.append((at_s, at_s + 1 + draft.chooser.below(10)))
        at_s += 20 + draft.chooser.below(40)
    draft.outages.sort()


def _cheaper(draft: Draft) -> None:
    """The same, and the price falls while the balance is below zero."""
    _office_hours(draft)
    draft.kind = "no power in office hours, and a lower price"
    assert draft.credit_ends_s is not None, "drawn above"
    pricing = draft.model.credit.pricing
    tariff = pricing._replace(
        number=pricing.number + 1,
        price_ueur_per_wh=1 + pricing.price_ueur_per_wh // 10,
        night_price_ueur_per_wh=1 + pricing.night_price_ueur_per_wh // 10,
    )
    draft.bring(draft.credit_ends_s + 3 * HOUR_S, DeskOrder(tariff=tariff))


def _reserve_lost(draft: Draft) -> None:
    """The clock is lost in an outage longer than its reserve."""
    draft.kind = "no power until the clock is lost"
    lost_s = draft.timing.armed_s + HOUR_S
    back_s = lost_s + (draft.model.clock.backup_days + 1 + draft.chooser.below(15)) * DAY_S
    draft.credit_ends_s = lost_s + (1 + draft.chooser.below(20)) * HOUR_S
    draft.outages.append((lost_s, back_s))
    draft.scroll(back_s + _WATCHED_D * DAY_S)


def _office_ahead(draft: Draft) -> None:
    """One load at an office whose date is ahead, so that office or clock is wrong."""
    draft.kind = "an office that is ahead"
    at_s = draft.timing.armed_s
    ahead_s = (20 + draft.chooser.below(40)) * MINUTE_S + 2 * unsure_s(draft.model)
    draft.office(at_s, DeskOrder(load_cents=500, office_error_s=ahead_s))
    draft.insert(at_s + 2 * MINUTE_S)
    draft.credit_ends_s = at_s + (1 + draft.chooser.below(20)) * HOUR_S
    draft.scroll(at_s + 3 * _WATCHED_D * DAY_S)


def _limited(draft: Draft) -> None:
    """A limiter is granted, where there is one: in the hours it gives way to full supply."""
    draft.kind = "a granted limiter"
    draft.limiter = draft.model.limiter_a > 0
    draft.rates = (5_000,)
    draft.credit_ends_s = draft.timing.armed_s + (1 + draft.chooser.below(20)) * HOUR_S
    if draft.chooser.below(2):
        _reserve_lost(draft)
    draft.scroll(draft.credit_ends_s + 2 * _WATCHED_D * DAY_S)


def _failing_again(draft: Draft) -> None:
    """The clock is lost, and the power fails once or twice a day from then on."""
    _reserve_lost(draft)
    draft.kind = "a clock that is lost, and power that fails again"
    ((_, at_s),) = draft.outages
    until_s = at_s + _WATCHED_D * DAY_S
    while (at_s := at_s + (10 + draft.chooser.below(30)) * HOUR_S) < until_s:
        draft.outages.append((at_s, at_s + (1 + draft.chooser.below(20)) * MINUTE_S))


_SITUATIONS: Final = (
    *(_office_hours, _reserve_lost, _office_ahead, _flickering, _cheaper, _limited),
    _failing_again,
)


def _out_in_office_hours(draft: Draft, first: date) -> None:
    window, free_s = draft.model.window, draft.first_s + MINUTE_S
    for number in range(_WATCHED_D):
        day = first + timedelta(days=number)
        lost_s = _at(draft, day, max(1, window.end_minute - 5))
        if lost_s > free_s and not (window.weekend and _is_weekend(day)):
            draft.outages.append((lost_s, _at(draft, day, window.start_minute + 5)))


def _at(draft: Draft, day: date, minute: int) -> int:
    return at_minute_s(day, minute, draft.model.zone)


def _is_weekend(day: date) -> bool:
    return day.weekday() >= 5


def unsure_s(model: MeterModel) -> int:
    """Return the uncertainty of a clock that is as old as it may be."""
    return uncertainty_s(model, 0, model.clock.trust_max_days * DAY_US)


class _Span(NamedTuple):
    """Between two events: whether there was power and full supply, and what flowed, in rate-µs.

    Supply through a limiter is none here: nobody is promised an end of that.
    """

    from_us: int
    to_us: int
    powered: bool
    on: bool
    units_us: int


def spans_of(household: Household, events: Sequence[Event]) -> Iterator[_Span]:
    """Yield the spans between two events."""
    profile, powered, on, shut = LoadProfile(household.load), True, True, False
    limited = False
    through = household.model.measures.switch == "valve"
    for event, after in pairwise(events):
        powered = _now(event, What.POWER_BACK, What.POWER_LOST, before=powered)
        on = _now(event, What.CLOSED, What.OPENED, before=on)
        shut = _now(event, What.SHUT, What.LIT, before=shut)
        limited = _now(event, What.LIMITED, What.UNLIMITED, before=limited)
        full = on and not limited
        flows = full and not shut and (powered or through)
        units_us = profile.used(event.at_us, after.at_us) if flows else 0
        yield _Span(event.at_us, after.at_us, powered, full, units_us)


def _now(event: Event, yes: What, no: What, *, before: bool) -> bool:
    return event.what is yes or (before and event.what is not no)


def _without_credit(trial: Trial, spans: Sequence[_Span]) -> list[_Span]:
    """Return the spans that begin with nothing left, at the lowest price of the story."""
    household, model = trial.household, trial.household.model
    orders = [visit.desk for visit in household.visits if visit.desk is not None]
    prices = [order.tariff.night_price_ueur_per_wh for order in orders if order.tariff is not None]
    price = min([model.credit.pricing.night_price_ueur_per_wh, *prices])
    cents = household.balance_cents + sum(order.load_cents for order in orders)
    profile = LoadProfile(household.load)
    units_us = max(0, cents * 10_000 * 1000 * HOUR_US // (model.credit.mwh_per_unit * price) + 1)
    for number, span in enumerate(spans):
        if span.units_us >= units_us:
            at_us = profile.reached_us(span.from_us, units_us)
            assert at_us is not None, "so much flows in it"
            rest = span._replace(from_us=at_us, units_us=span.units_us - units_us)
            return [rest, *spans[number + 1 :]]
        units_us -= span.units_us
    return []


def _too_long(household: Household, spans: Sequence[_Span]) -> Broken | None:
    """Return the fault if the hours alone kept the supply on beyond the bound."""
    model, used, since_us = household.model, 0, None
    counted_us = since_failure_us = 0
    look_us = model.poll_s * SECOND_US + WORK_US
    late_us = model.boot_ms * 1000 + 2 * look_us + _COUNTED_US
    most_us = _POWERED_US + _POWERED_US * 2 * model.clock.drift_bound_ppb // PPB
    most = longest_us(model.window, model.zone) * model.connection_w * 1000
    most += (look_us * max(household.load) + HOUR_US) * model.credit.mwh_per_unit + 2000 * HOUR_US
    for span in spans:
        used += span.units_us * model.credit.mwh_per_unit
        if not (span.powered and span.on):
            since_failure_us += 0 if since_us is None else max(0, span.from_us - since_us - late_us)
            since_us = None
            if not span.powered:
                counted_us += since_failure_us - since_failure_us // _FORGOTTEN_PART
                since_failure_us = 0
            continue
        since_us = span.from_us if since_us is None else since_us
        running_us = since_failure_us + max(0, span.to_us - since_us - late_us)
        if counted_us + running_us > most_us + look_us or used > most:
            hours = (counted_us + running_us) // HOUR_US
            kwh = used // (1_000_000 * HOUR_US)
            return Broken(f"without credit it is supplied for {hours} h with power, and {kwh} kWh")
    return None


@cache
def longest_us(window: Window, zone: TimeZone) -> int:
    """Return the longest time from where such hours begin to where they begin again.

    No shelter of a clock that leaves a gap between two runs is as long.
    """
    days = (date(2000, 1, 1) + timedelta(days=number) for number in range(366))
    starts = [
        at_minute_s(day, window.start_minute, zone)
        for day in days
        if not (window.weekend and _is_weekend(day))
    ]
    return max(after - before for before, after in pairwise(starts)) * SECOND_US


# Doubt --------------------------------------------------------------------------------------------
#
# The clock is lost while an order waits for its end, and no office and no technician comes.


def _check_doubt(trial: Trial) -> Finding:
    household, events = trial.household, trial.run.events
    if not _waits_alone(household):
        return Aside("another story: something else than the time decides when it ends")
    ends = [visit.desk for visit in household.visits if visit.desk and visit.desk.defer_us]
    outages_s = [(lost // SECOND_US, back // SECOND_US) for lost, back in household.outages]
    order = ends[-1] if ends else DeskOrder()
    end_us = order.cut_us or order.defer_us
    if end_us is None:
        return Aside("another story: its last order has no end")
    until_us = late_us(household.model, outages_s, end_us)
    spoilt = (visit.lost or visit.kind is VisitKind.UPSET for visit in household.visits)
    until_us += _JOURNAL_US * sum(spoilt)
    if order.cut_us is None:  # then the credit, and then the shelter
        until_us += (
            DAY_US + _POWERED_US + _POWERED_US * 2 * household.model.clock.drift_bound_ppb // PPB
        )
    late = [span for span in spans_of(household, events) if span.to_us > until_us]
    if not late:
        return Aside("the story ends before")
    if any(span.on and span.powered for span in late):
        what = "T1 holds" if order.cut_us is None else "T2 is not carried out"
        return Broken(f"{what}, {(late[0].to_us - end_us) // DAY_US} days after it")
    return promises(trial)


@hazard(
    id="doubt-has-an-end",
    says="a clock that is lost delays T1 and T2 by the time without power, and no longer; one in "
    "dispute not at all",
    properties=("P8",),
    presumes="a day at most of what each power failure makes the meter forget",
    check=_check_doubt,
    one_in=20,
)
def doubt(draft: Draft, chooser: Chooser) -> None:
    """Draw a clock that is lost before T, in an outage or by a setting, and more outages."""
    end_s = draft.timing.end_s
    armed_s = end_s - (1 + chooser.below(2)) * DAY_S
    draft.timing, draft.first_s = Timing(armed_s, end_s), armed_s - 3 * DAY_S
    without_credit = chooser.below(3) == 2
    if without_credit:
        until, until_us = draft.minute(end_s)
        draft.bring(armed_s, DeskOrder(defer_until=until, defer_us=until_us))
        draft.credit_ends_s, draft.rates = armed_s + HOUR_S, _RATES
        draft.kind = "a deferral, the clock lost"
    else:
        people.live(draft, people.NEVER)
        draft.ample_credit = True
    if chooser.below(3) == 2:
        _disputed(draft)
        return
    lost_s = armed_s + HOUR_S + chooser.below(end_s - armed_s - HOUR_S)
    failures = chooser.of((0, 1, 2, 4, 6))
    if chooser.below(2) and draft.clock_cards and not without_credit:
        draft.clock_card(lost_s, error_s=draft.tool_error_s(), lost=True)
        back_s = lost_s
        if chooser.below(2):
            failures = max(1, failures)  # a clock that was not set is set at the next start
        else:  # or by the next card, which the office wrote before
            back_s += (1 + chooser.below(20)) * HOUR_S
            draft.office(armed_s + 30 * MINUTE_S, DeskOrder(load_cents=500))
            draft.insert(back_s)
    else:
        back_s = lost_s + (draft.model.clock.backup_days + 1 + chooser.below(14)) * DAY_S
        draft.outages.append((lost_s, back_s))
    for _ in range(failures):
        lost_s = back_s + (1 + chooser.below(20)) * HOUR_S
        back_s = lost_s + (1 + chooser.below(300)) * MINUTE_S
        if chooser.below(3) == 2:  # and the time with it, once more
            anew = datetime(chooser.of((2000, 2010, 2001)), 1, 1)  # noqa: DTZ001  as the chip has it
            draft.upset(lost_s, back_s, other_time(draft.model, anew, doubted=True))
        else:
            draft.outages.append((lost_s, back_s))
    last_s = max(back_s, late_us(draft.model, draft.outages, end_s * SECOND_US) // SECOND_US)
    draft.scroll(last_s + (7 if without_credit else 2) * DAY_S)


def _disputed(draft: Draft) -> None:
    """The clock runs on in doubt, as a card comes from an office that is ahead, before T."""
    armed_s, end_s = draft.timing
    draft.kind = f"{draft.kind}, the clock disputed"
    ahead_s = draft.chooser.of((HOUR_S, 5 * HOUR_S, 3 * DAY_S)) + 2 * unsure_s(draft.model)
    at_s = armed_s + HOUR_S + draft.chooser.below(end_s - armed_s - HOUR_S)
    draft.office(at_s, DeskOrder(prepayment=True, office_error_s=ahead_s))
    draft.insert(at_s + 2 * MINUTE_S)
    if draft.chooser.below(2):  # and then it stands, or shows another time
        upset_s = at_s + 5 * MINUTE_S + draft.chooser.below(max(1, end_s - at_s - 5 * MINUTE_S))
        found = upset(draft.chooser, draft.model, upset_s)
        if draft.chooser.below(2):
            found = stopped(draft.chooser, draft.model, upset_s)
        draft.upset_now(upset_s, without_seconds(draft.model, found))
        draft.scroll(upset_s + 5)
    draft.scroll(late_us(draft.model, (), end_s * SECOND_US) // SECOND_US + 8 * DAY_S)


def late_us(model: MeterModel, outages_s: Sequence[tuple[int, int]], end_us: int) -> int:
    """Return when a lower bound has reached an end: later by the time without power.

    Each power failure costs what was not journalled as well: up to a day of a clock that was
    trusted, a quarter of an hour of a lower bound that an end waits for.
    """
    us = end_us + 2 * unsure_s(model) * SECOND_US + 2 * model.poll_s * SECOND_US + WORK_US
    us += _JOURNAL_US if outages_s else 0
    for lost_s, back_s in outages_s:
        us += (back_s - lost_s) * SECOND_US + _SOON_US
    return us


def _waits_alone(household: Household) -> bool:
    """Whether one order has an end, and nothing that comes after it moves or takes back that."""
    orders = [visit.desk for visit in household.visits if visit.desk is not None]
    of_ends = [order for order in orders if order.defer_us or order.cut_us]
    kinds = {visit.kind for visit in household.visits if not visit.lost}
    return (
        of_ends == orders[:1]
        and kinds <= {VisitKind.DESK, VisitKind.INSERT, VisitKind.ACT, VisitKind.UPSET}
        and not any(order.reactivate or order.limiter or order.new_card for order in orders)
        and all(order.prepayment in (None, True) for order in orders)
        and household.prepayment
        and not household.limiter
    )
