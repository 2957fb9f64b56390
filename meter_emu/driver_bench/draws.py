"""Where to look: moments drawn evenly over the years, and by turns at edges of the law's kind.

Edges alone would miss what is wrong on most days but not on those; evenly alone takes hundreds of
tries to meet the hour before midnight on 29 February. So each law alternates.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from meter_emu.driver_bench.declared import Declared

DrawMoment: TypeAlias = Callable[[Random, Declared, int], datetime]

_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)
ROLL_OVERS: Final = ("minute", "hour", "day", "month", "year")
# Times of day at which the ways to write an hour differ: 12 and 0, the tens, the last of a kind.
_HOURS: Final = (0, 0, 1, 9, 10, 11, 12, 12, 13, 19, 20, 20, 21, 22, 23, 23)
_SIXTIES: Final = (0, 0, 1, 9, 10, 19, 20, 39, 40, 45, 58, 59, 59)
# Days by which month tables, leap rules and BCD are distinguished.
_DATES: Final = (
    (1, 1), (1, 31), (2, 1), (2, 28), (2, 29), (2, 29), (3, 1), (3, 1), (3, 31), (4, 30), (8, 31),
    (9, 30), (10, 1), (10, 10), (10, 31), (11, 30), (12, 1), (12, 31), (12, 31), (6, 9), (7, 20),
)  # fmt: skip
_POWERS: Final = (15, 16, 24, 31, 32)


def evenly(random: Random, declared: Declared) -> datetime:
    """Return any second of the years, each as likely."""
    span = int((declared.last - declared.first).total_seconds())
    return declared.first + timedelta(seconds=random.randrange(span + 1))


def edge(random: Random, declared: Declared) -> datetime:
    """Return a moment whose year, day or time is one at which drivers differ."""
    base = evenly(random, declared)
    year = random.choice(_edge_years(declared.years)) if random.random() < 0.6 else base.year
    month, day = random.choice(_DATES) if random.random() < 0.7 else (base.month, base.day)
    hour, minute, second = base.hour, base.minute, base.second
    if random.random() < 0.7:
        hour = random.choice(_HOURS)
        minute, second = random.choice(_SIXTIES), random.choice(_SIXTIES)
    if random.random() < 0.15:
        hour, minute, second = random.choice(((0, 0, 0), (23, 59, 59), (12, 0, 0), (23, 59, 58)))
    return datetime(year, month, min(day, _month_days(year, month)), hour, minute, second)


def draw_moment(random: Random, declared: Declared, number: int) -> datetime:
    """Return the moment of a try: by turns an edge and any."""
    return evenly(random, declared) if number % 2 else edge(random, declared)


def whole_day(random: Random, declared: Declared, number: int) -> datetime:
    """Return a midnight, by turns of an edge and of any day."""
    return draw_moment(random, declared, number).replace(hour=0, minute=0, second=0)


def counted(random: Random, declared: Declared, number: int) -> datetime:
    """Return a moment for a count: at times where it has filled so many bits."""
    if number % 4 == 2:
        ends = [declared.epoch + (2**bits) * declared.unit * _SECOND for bits in _POWERS
                if bits < 31 or declared.unit < 86_400]  # fmt: skip
        ends = [end for end in ends if declared.first < end <= declared.last]
        if ends:
            return random.choice(ends) + random.choice((-1, 0)) * _SECOND
    return draw_moment(random, declared, number)


def near_midnight(random: Random, declared: Declared, number: int) -> datetime:
    """Return a moment, by turns seconds before a midnight or a full hour."""
    when = draw_moment(random, declared, number)
    if number % 2:
        return when
    hour = random.choice((23, 23, 23, when.hour))
    return when.replace(
        hour=hour, minute=random.choice((59, 59, 58)), second=random.randrange(50, 60)
    )


def roll_over(kind: str, random: Random, declared: Declared) -> datetime:
    """Return the last second before a minute, hour, day, month or year begins, and no more."""
    when = evenly(random, declared)
    when = when.replace(second=59)
    if kind == "minute":
        return when.replace(minute=random.randrange(59))
    when = when.replace(minute=59)
    if kind == "hour":
        return when.replace(hour=random.choice((9, 11, 12, 19, random.randrange(23))))
    when = when.replace(hour=23)
    if kind == "day":
        return when.replace(day=random.randrange(1, 28))
    month = random.choice((9, 2, random.randrange(1, 12))) if kind == "month" else 12
    year = min(when.year, declared.years[1] - 1) if kind == "year" else when.year
    year = max(year, declared.years[0])
    return when.replace(year=year, month=month, day=1).replace(day=_month_days(year, month))


def every_day(declared: Declared) -> Iterator[datetime]:
    """Yield each midnight of the years."""
    when = declared.first
    while when <= declared.last:
        yield when
        if when.date() == declared.last.date():
            return
        when += _DAY


@lru_cache(maxsize=8)
def zone_changes(zone: str, first: int, last: int) -> tuple[datetime, ...]:
    """Return the instants, in UTC, at which the zone's offset changes in these years."""
    info = ZoneInfo(zone)

    def offset(when: datetime) -> timedelta | None:
        return when.replace(tzinfo=UTC).astimezone(info).utcoffset()

    found = []
    begins, end = datetime(first, 1, 1), datetime(last, 12, 31)
    before = offset(begins)
    while begins < end:
        ends = min(end, begins + 7 * _DAY)
        after = offset(ends)
        if after != before:
            low, high = begins, ends
            while high - low > _SECOND:
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                low, high = (middle, high) if offset(middle) == before else (low, middle)
            found.append(high)
        begins, before = ends, after
    return tuple(found)


def near_change(random: Random, declared: Declared, number: int) -> datetime:
    """Return an instant in UTC, by turns near a change of the zone and any."""
    found = zone_changes(declared.zone, *declared.years)
    if number % 4 == 3:  # past midnight on one of two clocks
        return evenly(random, declared).replace(hour=random.choice((22, 23, 0, 1)))
    if number % 2 or not found:
        return evenly(random, declared)
    apart = random.choice((-3601, -3600, -1, 0, 1, 3599, 3600, 7200, 86_400, -86_400, -10_800))
    return clamped(random.choice(found) + apart * _SECOND, declared)


def clamped(when: datetime, declared: Declared) -> datetime:
    """Return it, or the nearest moment of the years."""
    return min(max(when, declared.first), declared.last)


@lru_cache(maxsize=8)
def _edge_years(years: tuple[int, int]) -> tuple[int, ...]:
    first, last = years
    known = (first, last, 1970, 1972, 1999, 2000, 2001, 2004, 2008, 2009, 2010, 2012, 2015, 2016,
             2018, 2019, 2020, 2021, 2022, 2024, 2026, 2030, 2032, 2036, 2038, 2040, 2059, 2069,
             2070, 2079, 2080, 2096, 2099, 2100, 2101, 1900, 2106, 2200)  # fmt: skip
    return tuple(year for year in known if first <= year <= last)


def _month_days(year: int, month: int) -> int:
    if month == 12:
        return 31
    return (datetime(year, month + 1, 1) - _DAY).day
