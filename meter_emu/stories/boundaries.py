"""Where calendars, clocks and counters turn over, in a fixed order. It knows no meter.

Changes of clocks are a zone's own, in seconds since 1970-01-01 UTC. The others are wall times: the
first second after the boundary.
"""

from calendar import isleap
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from typing import Final, NamedTuple

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_DAY_S: Final = 86_400


class Change(NamedTuple):
    """One change of clocks.

    `at_s` is the first second of the new offset, since 1970-01-01 UTC; `before_s` and `after_s` are
    the offsets from UTC, in seconds, positive to the east.
    """

    at_s: int
    before_s: int
    after_s: int

    @property
    def forward(self) -> bool:
        """Whether wall clocks jump over a gap; otherwise some time comes twice."""
        return self.after_s > self.before_s


@cache
def changes(zone: tzinfo, first_year: int, last_year: int) -> tuple[Change, ...]:
    """Return the changes of a zone's clocks, in order.

    Two changes within one day that cancel each other are not seen.

    Args:
        zone: The zone, such as `ZoneInfo("Europe/Brussels")`.
        first_year: The first year, from its first day.
        last_year: The last year, to its end.
    """
    years = range(first_year, last_year + 1)
    return tuple(change for year in years for change in _changes_in(zone, year))


@cache
def _changes_in(zone: tzinfo, year: int) -> tuple[Change, ...]:
    at_s, end_s = ((datetime(y, 1, 1, tzinfo=UTC) - _EPOCH) // _SECOND for y in (year, year + 1))
    found: list[Change] = []
    before_s = offset_s(zone, at_s)
    while at_s < end_s:
        next_s = at_s + _DAY_S
        after_s = offset_s(zone, next_s)
        if after_s != before_s:
            found.append(Change(_first_s(zone, at_s, next_s, after_s), before_s, after_s))
        at_s, before_s = next_s, after_s
    return tuple(found)


def offset_s(zone: tzinfo, at_s: int) -> int:
    """Return how far the zone's wall clocks are ahead of UTC at an instant."""
    offset = (_EPOCH + timedelta(seconds=at_s)).astimezone(zone).utcoffset()
    assert offset is not None, "an aware time has an offset"
    return offset // _SECOND


def _first_s(zone: tzinfo, low_s: int, high_s: int, after_s: int) -> int:
    """Return the first second of the new offset, between `low_s` (old) and `high_s` (new)."""
    while high_s - low_s > 1:
        middle_s = (low_s + high_s) // 2
        if offset_s(zone, middle_s) == after_s:
            high_s = middle_s
        else:
            low_s = middle_s
    return high_s


FIRST_YEAR: Final = 2020  # ours: lists begin with it and continue by distance from it


def years_in_order(first_year: int, last_year: int) -> list[int]:
    """Return the years, 2020 first, then by their distance from it, the earlier of two first."""
    years = range(first_year, last_year + 1)
    return sorted(years, key=lambda year: (abs(year - FIRST_YEAR), year))


def leap_days(first_year: int, last_year: int) -> list[datetime]:
    """Return the wall times at which 29 February and the day after it begin, in leap years."""
    years = [year for year in years_in_order(first_year, last_year) if isleap(year)]
    return [datetime(y, month, day) for y in years for month, day in ((2, 29), (3, 1))]  # noqa: DTZ001


def days_after_february(first_year: int, last_year: int) -> list[datetime]:
    """Return when 1 March begins in years without a leap day, the centuries' ends among them."""
    years = [year for year in years_in_order(first_year, last_year) if not isleap(year)]
    return [datetime(year, 3, 1) for year in years]  # noqa: DTZ001


def month_starts(first_year: int, last_year: int) -> list[datetime]:
    """Return when each month begins."""
    years = years_in_order(first_year, last_year)
    return [datetime(year, month, 1) for year in years for month in range(1, 13)]  # noqa: DTZ001


def year_starts(first_year: int, last_year: int, *, step: int = 1) -> list[datetime]:
    """Return when each year begins, or each tenth (`step=10`), or each century."""
    years = years_in_order(first_year, last_year)
    return [datetime(year, 1, 1) for year in years if year % step == 0]  # noqa: DTZ001


def week_starts(first_year: int, last_year: int) -> list[datetime]:
    """Return when each Monday begins."""
    found = []
    for year in years_in_order(first_year, last_year):
        day = datetime(year, 1, 1)  # noqa: DTZ001
        day += timedelta(days=-day.weekday() % 7)
        while day.year == year:
            found.append(day)
            day += timedelta(days=7)
    return found


def digit_changes(first_year: int, last_year: int) -> list[datetime]:
    """Return when a tens digit of a date or time changes: what BCD and its masks get wrong."""
    moments = ((1, 10, 0, 0), (7, 20, 0, 0), (8, 30, 0, 0), (10, 1, 0, 0), (9, 1, 0, 0),
               (7, 1, 10, 0), (7, 1, 20, 0), (7, 1, 12, 10), (7, 1, 12, 40))  # fmt: skip
    years = years_in_order(first_year, last_year)
    return [datetime(year, *moment) for year in years for moment in moments]  # noqa: DTZ001


def counter_wraps(first_year: int, last_year: int) -> list[datetime]:
    """Return when a counter of date or time is full: in UTC, whatever the zone.

    A day of the year in a byte; days in 14, 15 and 16 bits, hours in 16, minutes in 16 and 24,
    seconds in 31 and 32, from 1970, 1980, 1990, 1993 and 2000.
    """
    years = years_in_order(first_year, last_year)
    found = [datetime(year, 1, 1) + timedelta(days=255) for year in years]  # noqa: DTZ001
    widths = ((86_400, 14), (86_400, 15), (86_400, 16), (3_600, 16), (60, 16), (60, 24), (1, 31),
              (1, 32))  # fmt: skip
    for since in (1970, 1980, 1990, 1993, 2000):
        for unit_s, bits in widths:
            full = datetime(since, 1, 1) + timedelta(seconds=unit_s << bits)  # noqa: DTZ001
            if full.year in years:
                found.append(full)
    return found


# Days in which a count of date or time is full, by what is counted. Computed; the first of each
# was, or will be, somebody's.
FULL_COUNTS: Final = (
    date(2019, 4, 6), date(2038, 11, 20), date(2058, 7, 6), date(2078, 2, 19),  # GPS, 10 bit weeks
    date(2038, 1, 19),  # seconds since 1970 in 31 bits
    date(2036, 2, 7),  # seconds since 1900 in 32 bits, as NTP counts
    date(2040, 2, 6),  # seconds since 1904 in 32 bits
    date(2042, 9, 17),  # microseconds since 1900 in 52 bits, as a time-of-day clock counts
    date(2068, 1, 19),  # seconds since 2000 in 31 bits
    date(2038, 4, 22),  # Julian days in 16 bits, as DVB counts
    date(2024, 11, 24),  # minutes since 1993 in 24 bits, as STS counts; then since 2014
    date(2045, 11, 24),
    date(2041, 11, 10),  # days since 1997 in 14 bits, as EN 1545 counts
    date(2059, 9, 18),  # days since 1970 in 15 bits
    date(2044, 1, 1),  # years since 1980 in 6 bits
    date(2032, 1, 1),  # tens of a BCD year in two bits
)  # fmt: skip


class Register(NamedTuple):
    """A clock register's `value` for a `field`, as one byte."""

    field: str
    value: int


def wrong_registers() -> list[Register]:
    """Return impossible BCD register values, field by field, the nearest first."""
    ends = {"second": (0, 59), "minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12),
            "year": (0, 99), "weekday": (0, 7)}  # fmt: skip
    found = []
    for field, (low, high) in ends.items():
        for value in range(0x100 if field != "weekday" else 8):
            tens, ones = divmod(value, 16)
            if tens > 9 or ones > 9 or not low <= tens * 10 + ones <= high:
                found.append(Register(field, value))
    return found
