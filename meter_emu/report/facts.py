"""What happened to one household, as stretches of time and moments: the matter of a timeline.

Everything here comes from events, from the model and from what the household was told. Supply is
what the contactor and the street did; the deferral stands twice, as told and as the meter stated.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final, final
from zoneinfo import ZoneInfo

from card_protocol.timestamp import Civil
from meter_emu.report.collect import Seen
from meter_emu.report.scale import civil_us
from meter_emu.units import UEUR_PER_CENT
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import Window
from meter_emu.world.meter.times import to_us, us_to_legal
from meter_emu.world.rehearsal.breaches import supply_of
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.obligations import Must, Span, row_of
from meter_emu.world.rehearsal.outcome import Supplied
from meter_emu.world.rehearsal.promise import Told, in_force_at

_SATURDAY: Final = 5


@final
@dataclass(frozen=True, slots=True)
class Stretch:
    """From one true instant to another, and what held between."""

    from_us: int
    to_us: int
    what: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One household's story. `told_us` is T2 as told, `None` when no cut was due at the end.

    `understood` is what the meter meant to do by the orders it stated: on until T1, off from T2.
    `others_us` is then T2 as announced to all, to compare with, `None` where nothing was announced.
    `stated` is T2 as the meter last stated it before the cut or the end, `has_stated` whether it
    did. `only_limited`: at `cut_us` the limiter came in place of a cut. `balance` are (instant,
    micro-euro) points, joined by straight lines.
    """

    supply: tuple[Stretch, ...]
    owed: tuple[Stretch, ...]
    deferral_told: tuple[Stretch, ...]
    deferral_stated: tuple[Stretch, ...]
    understood: tuple[Stretch, ...]
    balance: tuple[tuple[int, int], ...]
    told: Told
    told_us: int | None
    others_us: int | None
    has_stated: bool
    stated: Civil | None
    stated_us: int | None
    cut_us: int | None
    only_limited: bool
    other_dark: tuple[Event, ...]


def facts_of(seen: Seen, campaign: Campaign) -> Facts:
    """Return the story of one household."""
    outcome, events = seen.outcome, seen.events
    row = row_of(seen.household, campaign, events)
    orders = row.orders
    judged_us = campaign.end_us if outcome.cut_us is None else outcome.cut_us
    stated = [e.understood[1] for e in events if e.understood is not None and e.at_us <= judged_us]
    last = stated[-1] if stated else None
    told = seen.household.announced
    return Facts(
        supply=tuple(_supply(events, campaign)),
        owed=tuple(_owed(row.spans)),
        deferral_told=tuple(_deferral_told(orders, campaign)),
        deferral_stated=tuple(_deferral_stated(events, campaign)),
        understood=tuple(_understood(events, campaign)),
        balance=tuple(_balance(seen, campaign)),
        told=in_force_at(orders, judged_us),
        told_us=outcome.announced_us,
        others_us=None if told is None or outcome.announced_us is not None else told.cut_us,
        has_stated=bool(stated),
        stated=last,
        stated_us=None if last is None else civil_us(last, campaign.zone),
        cut_us=outcome.cut_us,
        only_limited=outcome.limited,
        other_dark=tuple(e for e in events if e.what is What.OPENED and e.at_us != outcome.cut_us),
    )


_OWED: Final = {
    Must.ON: Supplied.ON.value,
    Must.OFF: Supplied.OFF.value,
    Must.LIMITED: Supplied.LIMITED.value,
}


def _owed(spans: Sequence[Span]) -> Iterator[Stretch]:
    """Yield what the supply had to be; where either would do there is a gap."""
    for must, alike in groupby(spans, key=lambda span: span.must):
        same = tuple(alike)
        if must is not Must.EITHER:
            yield Stretch(same[0].from_us, same[-1].to_us, _OWED[must])


def _supply(events: Sequence[Event], campaign: Campaign) -> Iterator[Stretch]:
    for had, alike in groupby(
        supply_of(events, campaign.start_us, campaign.end_us), key=lambda one: one.had
    ):
        spans = tuple(alike)
        yield Stretch(spans[0].from_us, spans[-1].to_us, had.value)


def _deferral_told(orders: Sequence[Told], campaign: Campaign) -> Iterator[Stretch]:
    followers = [told.from_us for told in orders[1:]]
    for told, next_us in zip(orders, [*followers, campaign.end_us], strict=True):
        if told.defer_us is not None and told.from_us < min(told.defer_us, next_us):
            yield Stretch(told.from_us, min(told.defer_us, next_us), "told")


def _deferral_stated(events: Sequence[Event], campaign: Campaign) -> Iterator[Stretch]:
    stating = [(e.at_us, e.understood) for e in events if e.understood is not None]
    followers = [at_us for at_us, _ in stating[1:]]
    for (from_us, stated), next_us in zip(stating, [*followers, campaign.end_us], strict=False):
        until_us = None if stated[0] is None else civil_us(stated[0], campaign.zone)
        if until_us is not None and from_us < min(until_us, next_us):
            yield Stretch(from_us, min(until_us, next_us), "stated")


def _understood(events: Sequence[Event], campaign: Campaign) -> Iterator[Stretch]:
    stating = [(e.at_us, e.understood) for e in events if e.understood is not None]
    followers = [at_us for at_us, _ in stating[1:]]
    for (from_us, stated), next_us in zip(stating, [*followers, campaign.end_us], strict=False):
        t1_us, t2_us = (None if one is None else civil_us(one, campaign.zone) for one in stated)
        if t1_us is not None and from_us < min(t1_us, next_us):
            yield Stretch(from_us, min(t1_us, next_us), Supplied.ON.value)
        if t2_us is not None and t2_us < next_us:
            yield Stretch(max(from_us, t2_us), next_us, Supplied.OFF.value)


def _balance(seen: Seen, campaign: Campaign) -> Iterator[tuple[int, int]]:
    """Yield the balance at each event, and the level before each rise: credit comes at once."""
    last = (campaign.start_us, seen.household.balance_cents * UEUR_PER_CENT)
    yield last
    for event in seen.events:
        if event.balance_ueur is None:
            continue
        if event.balance_ueur > last[1]:
            yield event.at_us, last[1]
        last = (event.at_us, event.balance_ueur)
        yield last


def protected_stretches(window: Window, from_us: int, to_us_: int, zone: ZoneInfo) -> list[Stretch]:
    """Return the non-disconnection periods that touch a stretch of time, joined where they meet.

    The calendar alone: what may switch the period off is not looked at.
    """
    found: list[Stretch] = []
    day = us_to_legal(from_us, zone).date() - timedelta(days=2)
    last = us_to_legal(to_us_, zone).date() + timedelta(days=1)
    while day <= last:
        begins_us = _legal_us(day, window.start_minute, zone, fold=0)
        ends_us = _legal_us(day + timedelta(days=1), window.end_minute, zone, fold=1)
        if window.weekend and day.weekday() >= _SATURDAY:
            begins_us = _legal_us(day, 0, zone, fold=0)
        if window.weekend and (day + timedelta(days=1)).weekday() >= _SATURDAY:
            ends_us = _legal_us(day + timedelta(days=2), 0, zone, fold=1)
        if found and begins_us <= found[-1].to_us:
            found[-1] = Stretch(found[-1].from_us, max(found[-1].to_us, ends_us), "period")
        else:
            found.append(Stretch(begins_us, ends_us, "period"))
        day += timedelta(days=1)
    return [one for one in found if one.to_us > from_us and one.from_us < to_us_]


def _legal_us(day: date, minute: int, zone: ZoneInfo, *, fold: int) -> int:
    hour, minute = divmod(minute, 60)
    return to_us(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone, fold=fold))
