"""What is in a story, read off the campaign alone: the drawing knows none of this.

Legal time comes from `zoneinfo`, and when credit ends from a division.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from math import sqrt
from zoneinfo import ZoneInfo

from card_protocol.card.image import CardKind
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, VisitKind

BRUSSELS = ZoneInfo("Europe/Brussels")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
# At least so many of all stories, before the four standard errors.
FLOORS = {
    "T on another date": 0.70,
    "a clock change between arming and T": 0.20,
    "a year's end between arming and T": 0.05,
    "a leap day between arming and T": 0.05,
    "T or a credit end within an hour of a week edge": 0.30,
}
# The bounds near which every count of a meter and a card is drawn, each at this rate.
BOUNDS = {
    "8 bits": 256, "15 bits": 32_768, "16 bits": 65_536, "31 bits": 1 << 31, "32 bits": 1 << 32,
    "4 digits": 10_000, "6 digits": 1_000_000,
}  # fmt: skip
COUNTS = (
    "card_number", "order_number", "card_writes", "load_count", "loaded_cents", "session_count",
    "save_count", "register_units", "charged_wh", "deferred_wh", "postpaid_wh", "night_wh",
    "charged_night_wh",
)  # fmt: skip
AGE_FLOOR = 0.006
KIT_FLOOR = 0.03
SAME_MINUTE_MAX = 0.03
DISTINCT_MIN = 0.95
LONG_LEAD_MAX = 0.15


def at(us: int) -> datetime:
    return (EPOCH + timedelta(microseconds=us)).astimezone(BRUSSELS)


def armed(household: Household) -> tuple[int, int] | None:
    """Return when the last order with a date came to the meter, and its T; `None` without one."""
    found = on_card = None
    for visit in household.visits:
        if visit.desk is not None and (visit.desk.cut_us or visit.desk.defer_us):
            on_card = visit.desk.cut_us or visit.desk.defer_us
        if visit.kind is VisitKind.INSERT and on_card is not None:
            found, on_card = (visit.at_us, on_card), None
    return found


def near_week_edge(when: datetime) -> bool:
    """Whether it is within an hour of where a night, a working day or a weekend begins."""
    midnight = datetime.combine(when.date(), datetime.min.time())
    wall = when.replace(tzinfo=None)
    edges = []
    for day in (midnight - timedelta(days=1), midnight, midnight + timedelta(days=1)):
        if day.weekday() < 5:
            edges += [day + timedelta(hours=8), day + timedelta(hours=16)]
        if day.weekday() in (5, 0):
            edges.append(day)
    return any(abs(wall - edge) <= HOUR for edge in edges)


def credit_end(household: Household, start_us: int) -> datetime | None:
    """Return about when the credit is used up with nothing loaded; `None` if it never is."""
    credit = household.model.credit
    left = household.balance_cents * 10_000.0
    hours = start_us // 3_600_000_000
    if left < 0 or not any(household.load):
        return None
    for hour in range(hours, hours + 24 * 120):
        cost = household.load[hour % 24] * credit.mwh_per_unit / 1000 * credit.price_ueur_per_wh
        if cost > left:
            return at(int((hour + left / cost) * 3_600_000_000))
        left -= cost
    return None


def ages(household: Household) -> set[str]:
    """Return which counts are just before which bound; `new` for none."""
    said = household.age.said
    if not said:
        return {"new"}
    slow = {"card_number", "order_number", "load_count", "session_count", "save_count"}
    memory = household.carrier is CardKind.MEMORY
    found = set()
    for name, count in said.items():
        for words, bound in BOUNDS.items():
            full = bound == 1 << (16 if memory and name in slow else 32)
            room = 0 if not full else 70 if name in slow else 500_000
            if count < bound <= count + room + (3 if name in slow else 10_000):
                found.add(f"{name} before {words}")
    return found


def leap_day_within(first: date, last: date) -> bool:
    return any(
        first <= date(year, 2, 29) <= last
        for year in range(first.year, last.year + 1)
        if year % 4 == 0
    )


def facts(campaign: Campaign) -> set[str]:
    """Return which of the counted things this story has."""
    (household,) = campaign.households
    found = {f"{household.model_name} in {household.model.rtc_base}", household.carrier.name}
    found.add(f"generation {household.card_generation}")
    found |= ages(household)
    dated = armed(household)
    ends = [] if household.kind != "ordinary" else [credit_end(household, campaign.start_us)]
    if dated is not None:
        from_us, to_us = dated
        first, last = at(from_us), at(to_us)
        ends.append(last)
        for name, holds in (
            ("T on another date", first.date() != last.date()),
            ("T in the minute of arming", from_us // 60_000_000 == to_us // 60_000_000),
            ("a clock change between arming and T", first.utcoffset() != last.utcoffset()),
            ("a year's end between arming and T", first.year != last.year),
            ("a leap day between arming and T", leap_day_within(first.date(), last.date())),
            ("a lead of 25 days and more", last - first >= timedelta(days=25)),
        ):
            found |= {name} if holds else set()
    if any(end is not None and near_week_edge(end) for end in ends):
        found.add("T or a credit end within an hour of a week edge")
    return found


def rates(campaigns: Sequence[Campaign]) -> Counter[str]:
    return Counter(fact for campaign in campaigns for fact in facts(campaign))


def wanted(floor: float, count: int) -> float:
    """Return how many of `count` there must be: the floor and four standard errors."""
    return count * (floor + 4 * sqrt(floor * (1 - floor) / count))


def too_few(found: Counter[str], count: int) -> dict[str, float]:
    """Return what was drawn too seldom, and how often."""
    return {
        name: found[name] / count
        for name, floor in FLOORS.items()
        if found[name] < wanted(floor, count)
    }
