"""What stories were about: moments that they cross, ages, people and places; read off campaigns."""

from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from meter_emu.domain import DeviceName
from meter_emu.stories.boundaries import FULL_COUNTS, changes
from meter_emu.stories.buyers import BUYERS
from meter_emu.stories.energy import ENERGY_BUYERS
from meter_emu.stories.people import PEOPLE
from meter_emu.stories.times import legal
from meter_emu.units import SECOND_US
from meter_emu.verify.crossings import crossings
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, VisitKind
from meter_emu.world.households.ledger import NO_TYPO
from meter_emu.world.meter.acts import Press
from meter_emu.world.meter.devices import DEVICES
from meter_emu.zones import TimeZone

_DAY: Final = timedelta(1)
_FULL: Final = frozenset(FULL_COUNTS)
MOMENTS_MET: Final = (
    "midnight", "month", "year", "leap day", "decade", "change of clocks", "roll-over",
)  # fmt: skip
_OTHERS: Final = (
    "meter that has lived", "outage", "clock card", "clock upset", "card replaced", "card copied",
    "card used that was replaced", "button for supply", "wrong office", "order from a longer month",
    "T on a day of changed clocks", "T within another deferral",
)  # fmt: skip
_OF_TOKENS: Final = (
    "device that has lived", "outage", "clock upset", "token mistyped", "token keyed in again",
    "token older than the last",
)  # fmt: skip
_OF_ENERGY: Final = tuple(one for one in _OF_TOKENS if one != "clock upset")  # it has no clock
_ABOUT: Final[dict[DeviceName, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "budget": (tuple(dict.fromkeys(PEOPLE)), _OTHERS),
    "openpaygo": (tuple(dict.fromkeys(BUYERS)), _OF_TOKENS),
    "sts": (tuple(dict.fromkeys(ENERGY_BUYERS)), _OF_ENERGY),
}


def all_met(device: DeviceName) -> tuple[str, ...]:
    """Return all that stories of a device may be about."""
    people, others = _ABOUT[device]
    return (*MOMENTS_MET, *people, *others)


def met(campaign: Campaign) -> Iterable[str]:
    """Return what a story of one household is about, by names of `all_met` and `CROSSINGS`."""
    (household,) = campaign.households
    found = set(_moments(campaign))
    if household.kind in _ABOUT[household.model.device][0]:
        found.add(household.kind)
    found.update(_happened(household))
    found.update(_keyed_in(household))
    found.update(_dated(household, campaign.zone))
    if DEVICES[household.model.device].slot:
        found.update(crossings(household, campaign.start_us))
    return found


def _moments(campaign: Campaign) -> Iterator[str]:
    zone = campaign.zone
    first_s, last_s = campaign.start_us // SECOND_US, campaign.end_us // SECOND_US
    first, last = legal(first_s, zone).date(), legal(last_s, zone).date()
    if first == last:
        return
    yield "midnight"
    if (first.year, first.month) != (last.year, last.month):
        yield "month"
    if first.year != last.year:
        yield "year"
        if first.year // 10 != last.year // 10:
            yield "decade"
    if any(first < leap <= last for leap in _leap_days(first, last)):
        yield "leap day"
    if any(first_s < one.at_s <= last_s for one in changes(zone.info, first.year, last.year)):
        yield "change of clocks"
    if any(first + _DAY * nth in _FULL for nth in range((last - first).days + 1)):
        yield "roll-over"


def _leap_days(first: date, last: date) -> Iterator[date]:
    for year in range(first.year, last.year + 1):
        if isleap(year):
            yield date(year, 2, 29)


def _happened(household: Household) -> Iterator[str]:
    if household.age.said:
        slot = DEVICES[household.model.device].slot
        yield "meter that has lived" if slot else "device that has lived"
    if household.outages:
        yield "outage"
    if household.rtc_found:
        yield "clock upset"
    asks = household.model.rearm.key
    for visit in household.visits:
        if visit.kind in _OF_VISITS:
            yield _OF_VISITS[visit.kind]
        elif isinstance(visit.act, Press) and visit.act.name == asks:
            yield "button for supply"
        elif visit.desk is not None and visit.desk.new_card is not None:
            yield "card replaced"
        elif visit.desk is not None and visit.desk.fields is not None:
            yield "wrong office"


def _dated(household: Household, zone: TimeZone) -> Iterator[str]:
    """Yield how the dates of orders lie: to the day on which they were written, and to others."""
    deferred_us: list[tuple[int, int]] = []
    for visit in household.visits:
        end_us = None if visit.desk is None else visit.desk.cut_us
        if end_us is None:
            continue
        written, end = (legal(us // SECOND_US, zone) for us in (visit.at_us, end_us))
        if written.day > monthrange(end.year, end.month)[1]:
            yield "order from a longer month"
        if end.replace(hour=0, fold=0).utcoffset() != end.replace(hour=23).utcoffset():
            yield "T on a day of changed clocks"
        if any(from_us < end_us < to_us for from_us, to_us in deferred_us):
            yield "T within another deferral"
        deferred_us.append((visit.at_us, end_us))


def _keyed_in(household: Household) -> Iterator[str]:
    order: list[tuple[int, ...]] = []
    for visit in household.visits:
        if visit.token is None:
            continue
        if visit.token.typo != NO_TYPO:
            yield "token mistyped"
            continue
        place = visit.token.token.order
        if place in order:
            yield "token keyed in again"
        elif order and place < max(order):
            yield "token older than the last"
        order.append(place)


_OF_VISITS: Final = {
    VisitKind.CLOCK_CARD: "clock card",
    VisitKind.UPSET: "clock upset",
    VisitKind.COPY: "card copied",
    VisitKind.OLD_CARD: "card used that was replaced",
}
