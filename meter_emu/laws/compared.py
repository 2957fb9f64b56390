"""The laws of one cut: the same household, run again with one change, is cut when it was.

First the tools of every law with a second run: changed copies, and by how much two cuts may differ.
Changes that move a cut one way only, or more than cuts, have files of their own.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple, get_args, get_type_hints

import msgspec

from card_protocol.card.image import CardKind
from card_protocol.timestamp import Civil
from meter_emu.laws.judged import law_with_runs
from meter_emu.laws.law import NOT_ASKED, Aside, Broken, Finding, Trial, cut_us, moves
from meter_emu.units import MINUTE_US, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import (
    DeskOrder,
    Household,
    Households,
    NewCard,
    Visit,
    VisitKind,
)
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS
from meter_emu.world.meter.events import Event, done_in
from meter_emu.world.meter.model import MeterModel, uncertainty_s
from meter_emu.world.meter.times import us_to_civil, us_to_iso
from meter_emu.zones import TimeZone

_WRITTEN_US: Final = SECOND_US // 10  # ours: far less than from one poll to the next


def ordered_us(household: Household) -> int | None:
    """Return T2 of the last order that has one."""
    orders = [visit.desk for visit in household.visits if visit.desk is not None]
    return next((order.cut_us for order in reversed(orders) if order.cut_us is not None), None)


def apart_us(household: Household) -> int:
    """Return how far apart two meters with the same knowledge may cut: 2u, and a poll."""
    at_us = ordered_us(household) or household.clock_set_us
    u_us = uncertainty_s(household.model, household.clock_set_us, at_us) * SECOND_US
    return 2 * u_us + household.model.poll_s * SECOND_US + WORK_US


def same_cut(trial: Trial, others: Iterable[tuple[str, Household]], within_us: int) -> Finding:
    """Check that one of the others, given with words for it, is cut when this one is.

    Those that the program does not cover are left out; of the rest each story has its own one.
    """
    covered = list(trial.within(others))
    if not covered:
        return NOT_ASKED
    what, household = covered[trial.campaign.seed % len(covered)]
    own_us, zone = cut_us(trial.run.events), trial.campaign.zone
    other_us = cut_us(trial.events(household))
    near = own_us is not None and other_us is not None and abs(other_us - own_us) <= within_us
    if near or own_us is other_us:
        return None
    return Broken(f"cut {when_said(own_us, zone)}, and {what} {when_said(other_us, zone)}")


def when_said(at_us: int | None, zone: TimeZone) -> str:
    """Return an instant in words, in legal time."""
    return "never" if at_us is None else f"at {us_to_iso(at_us, zone)}"


def with_base(household: Household, base: str) -> Household:
    """Return the household with a clock of another time base."""
    model = msgspec.structs.replace(household.model, rtc_base=base)
    return replace(household, model=model, rtc_base=base)


def same_later(trial: Trial, by_us: int, how: str) -> Finding:
    """Check that the same story, so much later, has the same moves; `how` says how much that is.

    Into a memory card other dates are written in some milliseconds more, or less.
    """
    if trial.household.rtc_found or any(visit.registers for visit in trial.household.visits):
        return Aside("somebody else wrote a date into the clock chip")
    other = shifted(trial.campaign, by_us)
    (household,), zone = other.households, other.zone
    was, now = moves(trial.run.events), moves(trial.events(household, other))
    slack_us = _WRITTEN_US if household.carrier is CardKind.MEMORY else 0
    for (was_us, what), (now_us, what_now) in zip(was, now, strict=False):
        if what is not what_now or abs(now_us - by_us - was_us) > slack_us:
            then, after = when_said(was_us, zone), when_said(now_us, zone)
            return Broken(f"{what.value} {then}, and {how} on {what_now.value} {after}")
    if len(was) != len(now):
        return Broken(f"the switch moves {len(was)} times, and {how} on {len(now)} times")
    return None


def shifted(campaign: Campaign, by_us: int) -> Campaign:
    """Return the same story moved later: every date in it moves."""
    (entry,) = campaign.households.entries
    household, shift = entry.first, _Shift(by_us, campaign.zone)
    first = replace(
        household,
        clock_set_us=household.clock_set_us + by_us,
        first_card=shift.card(household.first_card),
        outages=tuple((lost_us + by_us, back_us + by_us) for lost_us, back_us in household.outages),
        rtc_found=tuple((at_us + by_us, found) for at_us, found in household.rtc_found),
        visits=tuple(shift.visit(visit) for visit in household.visits),
    )
    return replace(
        campaign,
        start_us=campaign.start_us + by_us,
        end_us=campaign.end_us + by_us,
        households=Households((replace(entry, first=first),), campaign.seed),
    )


class _Shift(NamedTuple):
    """By how much to move a story's dates later, and in which zone they are."""

    by_us: int
    zone: TimeZone

    def visit(self, visit: Visit) -> Visit:
        desk = None if visit.desk is None else self._order(visit.desk)
        made_us = None if visit.made_us is None else visit.made_us + self.by_us
        return replace(visit, at_us=visit.at_us + self.by_us, desk=desk, made_us=made_us)

    def _order(self, order: DeskOrder) -> DeskOrder:
        defer_until, defer_us = self._time(order.defer_us)
        cut_at, cut_at_us = self._time(order.cut_us)
        return replace(
            order,
            defer_until=defer_until,
            defer_us=defer_us,
            cut_at=cut_at,
            cut_us=cut_at_us,
            new_card=None if order.new_card is None else self.card(order.new_card),
        )

    def card(self, card: NewCard) -> NewCard:
        return NewCard(*self._time(card.expires_us))

    def _time(self, us: int | None) -> tuple[Civil | None, int | None]:
        later_us = None if us is None else us + self.by_us
        return None if later_us is None else us_to_civil(later_us, self.zone), later_us


def without_screen(events: list[Event]) -> list[Event]:
    """Return the events without the texts of the display."""
    return [replace(event, shown="") for event in done_in(events)]


def first_difference(was: list[Event], now: list[Event], where: str, zone: TimeZone) -> Finding:
    """Return the first difference between two runs, `where` in words, if there is any."""
    for first, second in zip(was, now, strict=False):
        if first != second:
            words = [
                f"{event.what.value} {when_said(event.at_us, zone)}" for event in (first, second)
            ]
            if words[0] == words[1]:
                words = [f"{words[0]} it shows {event.shown!r}" for event in (first, second)]
            return Broken(f"{words[0]}, and {where} {words[1]}")
    if len(was) != len(now):
        return Broken(f"{len(was)} things are seen, and {where} {len(now)}")
    return None


def _fits_memory(household: Household) -> bool:
    return household.card_generation == 1 and household.age.on_memory_card


@law_with_runs(
    id="carrier",
    properties=("P4",),
    presumes="cards of the same generation; 2u and a poll apart are the same time",
)
def carrier(trial: Trial) -> Finding:
    """A household is cut at the same time whichever kind of card brought the order."""
    household = trial.household
    others = (
        (f"by a {kind.name.lower()} card", replace(household, carrier=kind))
        for kind in CardKind
        if kind is not household.carrier
        and (kind is not CardKind.MEMORY or _fits_memory(household))
    )
    return same_cut(trial, others, apart_us(household))


@law_with_runs(
    id="chip",
    properties=("P3", "P7"),
    presumes="clocks of the same bound; 2u and a poll apart are the same time",
)
def chip(trial: Trial) -> Finding:
    """A household is cut at the same time whichever clock chip its meter has."""
    # In half of the stories the other's clock is set on the way to T, and then the power fails.
    household, serviced = trial.household, _serviced(trial.household)
    kept = trial.campaign.seed % 2 and any(trial.within([("", serviced)]))
    others = (
        (f"by a {rtc}", replace(one, model=msgspec.structs.replace(one.model, rtc=rtc)))
        for one in (serviced if kept else household,)
        for rtc in CLOCK_CHIPS
        if rtc != household.model.rtc
    )
    return same_cut(trial, others, apart_us(household))


def _serviced(household: Household) -> Household:
    """Return the household after a technician's visit and a power failure, if there is time."""
    end_us = ordered_us(household)
    if end_us is None or household.outages:
        return household
    set_us = household.visits[-1].at_us + 2 * MINUTE_US
    off_us, on_us = set_us + 10 * MINUTE_US, set_us + 20 * MINUTE_US
    if on_us + 2 * MINUTE_US > end_us - apart_us(household):
        return household
    setting = Visit(at_us=set_us, kind=VisitKind.CLOCK_CARD)
    return replace(household, visits=(*household.visits, setting), outages=((off_us, on_us),))


@law_with_runs(
    id="generation",
    properties=("P4", "P5"),
    presumes="of a time that comes twice, the later",
)
def generation(trial: Trial) -> Finding:
    """A household is cut at the same time by cards of either generation."""
    household = trial.household
    if household.carrier is CardKind.MEMORY:
        return Aside("a memory card has no room for generation 2")
    other = replace(household, card_generation=3 - household.card_generation)
    what = f"by a card of generation {other.card_generation}"
    return same_cut(trial, [(what, other)], apart_us(household))


@law_with_runs(
    id="time-base",
    properties=("P5",),
    presumes="clocks of the same bound; 2u and a poll apart are the same time",
)
def time_base(trial: Trial) -> Finding:
    """A household is cut at the same time by clocks in UTC, in standard and in legal time."""
    household = trial.household
    bases: tuple[str, ...] = get_args(get_type_hints(MeterModel)["rtc_base"])
    others = [base for base in bases if base != household.model.rtc_base]
    return same_cut(
        trial,
        ((f"by a clock in {base} time", with_base(household, base)) for base in others),
        apart_us(household),
    )


@law_with_runs(id="poll-phase", properties=("P1", "P2", "P7"))
def poll_phase(trial: Trial) -> Finding:
    """When the meter looks moves a cut by no more than 2u and a poll."""
    household = trial.household
    period_us = household.model.poll_s * SECOND_US
    others = (
        (
            "by a meter that looks at other moments",
            replace(
                household,
                poll_phase_us=(household.poll_phase_us + period_us * part // 8) % period_us,
            ),
        )
        for part in (1, 3, 6)
    )
    return same_cut(trial, others, apart_us(household))


@law_with_runs(
    id="slower-clock",
    properties=("P1", "P12"),
    presumes="a clock within its model's bound",
)
def slower_clock(trial: Trial) -> Finding:
    """A slower clock never cuts a household earlier."""
    household, clock = trial.household, trial.household.model.clock
    slow = replace(household, clock_error_s=1 - clock.set_error_s, drift_ppb=-clock.drift_bound_ppb)
    zone = trial.campaign.zone
    own_us, slow_us = cut_us(trial.run.events), cut_us(trial.events(slow))
    if slow_us is not None and (own_us is None or slow_us < own_us):
        return Broken(
            f"cut {when_said(own_us, zone)}, and by the slowest clock {when_said(slow_us, zone)}"
        )
    return None


@law_with_runs(id="shown-again", properties=("P11", "P13"))
def shown_again(trial: Trial) -> Finding:
    """A card that brings no new order moves no cut: inserted twice is inserted once."""
    household, end_us = trial.household, ordered_us(trial.household)
    if end_us is None or end_us <= household.visits[-1].at_us + 2 * MINUTE_US:
        return Aside("no time between the order and T")
    last_us = household.visits[-1].at_us
    part = trial.campaign.seed % 8 + 1
    between_us = last_us + MINUTE_US + (end_us - last_us - MINUTE_US) * part // 8
    others = (
        ("with the card put in twice", _again(household, last_us + MINUTE_US)),
        ("with the card shown again", _again(household, between_us)),
    )
    return same_cut(trial, others, apart_us(household))


def _again(household: Household, at_us: int) -> Household:
    visits = sorted(
        (*household.visits, Visit(at_us=at_us, kind=VisitKind.INSERT)),
        key=lambda visit: visit.at_us,
    )
    return replace(household, visits=tuple(visits))


_LOAD: Final = DeskOrder(load_cents=2_000)


@law_with_runs(id="no-orders", properties=("P11", "P13"))
def no_orders(trial: Trial) -> Finding:
    """A card that brings a load and no order moves no cut."""
    household, end_us = trial.household, ordered_us(trial.household)
    if end_us is None or end_us <= household.visits[-1].at_us + 3 * MINUTE_US:
        return Aside("no time between the order and T")
    last_us = household.visits[-1].at_us
    part = trial.campaign.seed % 8 + 1
    at_us = last_us + 2 * MINUTE_US + (end_us - last_us - 2 * MINUTE_US) * part // 8
    return same_cut(
        trial, [("with a load brought", _loaded(household, at_us))], apart_us(household)
    )


def _loaded(household: Household, at_us: int) -> Household:
    office = Visit(at_us=at_us - MINUTE_US, kind=VisitKind.DESK, desk=_LOAD)
    return replace(
        household, visits=(*household.visits, office, Visit(at_us=at_us, kind=VisitKind.INSERT))
    )
