"""What the laws that run a home again need: its changed copies, and what a cut may differ by."""

from collections.abc import Collection, Iterable
from dataclasses import replace

import msgspec

from card_protocol.timestamp import Civil
from meter_emu.desk.dates import ZONE
from meter_emu.laws.law import Broken, Finding, Trial, cut_us
from meter_emu.units import SECOND_US
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import uncertainty_s
from meter_emu.world.meter.times import us_to_civil, us_to_iso
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import (
    DeskOrder,
    Household,
    Households,
    NewCard,
    Visit,
)
from meter_emu.world.rehearsal.outcome import WORK_US


def told_us(home: Household) -> int | None:
    """Return T2 of the last order that has one."""
    orders = [visit.desk for visit in home.visits if visit.desk is not None]
    return next((order.cut_us for order in reversed(orders) if order.cut_us is not None), None)


def apart_us(home: Household) -> int:
    """Return by how much two meters that know the same may cut apart: 2u, and a poll."""
    at_us = told_us(home) or home.clock_set_us
    u_us = uncertainty_s(home.model, home.clock_set_us, at_us) * SECOND_US
    return 2 * u_us + home.model.poll_s * SECOND_US + WORK_US


def same_cut(trial: Trial, others: Iterable[tuple[str, Household]], within_us: int) -> Finding:
    """Return whether each other home is cut when this one is; each with words for what it is."""
    own_us = cut_us(trial.run.events)
    for what, home in others:
        other_us = cut_us(trial.events(home))
        if own_us is None or other_us is None:
            if own_us is not other_us:
                return Broken(f"cut {said(own_us)}, and {what} {said(other_us)}")
        elif abs(other_us - own_us) > within_us:
            return Broken(f"cut {said(own_us)}, and {what} {said(other_us)}")
    return None


def said(at_us: int | None) -> str:
    """Return when, in words."""
    return "never" if at_us is None else f"at {us_to_iso(at_us, ZONE)}"


def with_base(home: Household, base: str) -> Household:
    """Return the home with a meter whose clock counts another time."""
    model = msgspec.structs.replace(home.model, rtc_base=base)
    return replace(home, model=model, rtc_base=base)


def shifted(campaign: Campaign, by_us: int) -> Campaign:
    """Return the same story so much later: every date in it moves."""
    (entry,) = campaign.households.entries
    home = entry.first
    first = replace(
        home,
        clock_set_us=home.clock_set_us + by_us,
        first_card=_shifted_card(home.first_card, by_us),
        outages=tuple((lost_us + by_us, back_us + by_us) for lost_us, back_us in home.outages),
        rtc_found=tuple((at_us + by_us, found) for at_us, found in home.rtc_found),
        visits=tuple(_shifted_visit(visit, by_us) for visit in home.visits),
    )
    return replace(
        campaign,
        start_us=campaign.start_us + by_us,
        end_us=campaign.end_us + by_us,
        households=Households((replace(entry, first=first),), campaign.seed),
    )


def _shifted_visit(visit: Visit, by_us: int) -> Visit:
    desk = None if visit.desk is None else _shifted_order(visit.desk, by_us)
    return replace(visit, at_us=visit.at_us + by_us, desk=desk)


def _shifted_order(order: DeskOrder, by_us: int) -> DeskOrder:
    defer_until, defer_us = _shifted_time(order.defer_us, by_us)
    cut_at, cut_at_us = _shifted_time(order.cut_us, by_us)
    return replace(
        order,
        defer_until=defer_until,
        defer_us=defer_us,
        cut_at=cut_at,
        cut_us=cut_at_us,
        new_card=None if order.new_card is None else _shifted_card(order.new_card, by_us),
    )


def _shifted_card(card: NewCard, by_us: int) -> NewCard:
    return NewCard(*_shifted_time(card.expires_us, by_us))


def _shifted_time(us: int | None, by_us: int) -> tuple[Civil | None, int | None]:
    return (None, None) if us is None else (us_to_civil(us + by_us, ZONE), us + by_us)


def without_screen(events: list[Event], of: Collection[What] = frozenset(What)) -> list[Event]:
    """Return the events, these without what the display showed."""
    return [replace(event, shown="") if event.what in of else event for event in events]


def first_difference(was: list[Event], now: list[Event], where: str) -> Finding:
    """Return the first thing that is seen otherwise, `where` in words, if there is any."""
    for first, second in zip(was, now, strict=False):
        if first != second:
            words = [f"{event.what.value} {said(event.at_us)}" for event in (first, second)]
            if words[0] == words[1]:
                words = [f"{words[0]} it shows {event.shown!r}" for event in (first, second)]
            return Broken(f"{words[0]}, and {where} {words[1]}")
    if len(was) != len(now):
        return Broken(f"{len(was)} things are seen, and {where} {len(now)}")
    return None
