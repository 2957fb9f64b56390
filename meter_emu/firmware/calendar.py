"""The meter's own calendar and legal time, in integers, as an embedded program does it.

Day numbers are days since 1970-01-01, weekdays count from Monday = 0. Checked against `datetime`
for every day 1970-2105; it never calls it. Whole years are counted from 2000 by `leap_days`, months
inside a year by `is_leap`, so a wrong rule for one year is wrong in that year and in no other.

Legal time is standard time, and summer time between two Sundays: checked against `zoneinfo` at
every transition 1996-2037.
"""

from typing import Final

from card_protocol.timestamp import Civil
from meter_emu.domain import ZoneRule

EPOCH_YEAR: Final = 1970
EPOCH_WEEKDAY: Final = 3  # 1970-01-01 was a Thursday
BASE_YEAR: Final = 2000
BASE_DAY: Final = 10_957  # 2000-01-01
LEAP_DAYS_BEFORE_BASE: Final = 484  # in the Gregorian years 1 to 1999
LAST_YEAR: Final = 2106

_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_BEFORE: Final = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


class Calendar:
    """The Gregorian calendar 1970-2106. A part: a defect is a subclass with one rule changed."""

    __slots__ = ("_new_years",)

    def __init__(self) -> None:
        self._new_years: dict[int, int] = {}  # day number of 1 January, filled as needed

    def is_leap(self, year: int) -> bool:
        """Whether `year` has a 29 February."""
        return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)

    def days_in_month(self, year: int, month: int) -> int:
        """Return 28 to 31; `month` is 1-12."""
        return _DAYS[month - 1] + (month == 2 and self.is_leap(year))

    def exists(self, when: Civil) -> bool:
        """Whether the date is in the calendar and the time on the clock."""
        return (
            EPOCH_YEAR <= when.year <= LAST_YEAR
            and 1 <= when.month <= 12
            and 1 <= when.day <= self.days_in_month(when.year, when.month)
            and 0 <= when.hour <= 23
            and 0 <= when.minute <= 59
        )

    def new_year(self, year: int) -> int:
        """Return the day number of 1 January."""
        known = self._new_years
        if year not in known:
            known[year] = BASE_DAY + 365 * (year - BASE_YEAR) + self.leap_days(year)
        return known[year]

    def leap_days(self, year: int) -> int:
        """Return how many 29 Februaries lie between 1 January 2000 and that of `year`."""
        last = year - 1
        return last // 4 - last // 100 + last // 400 - LEAP_DAYS_BEFORE_BASE

    def day_number(self, year: int, month: int, day: int) -> int:
        """Return days since 1970-01-01 of a date that exists."""
        leap_day = month > 2 and self.is_leap(year)
        return self.new_year(year) + _BEFORE[month - 1] + leap_day + day - 1

    def year(self, day_number: int) -> int:
        """Return the year of a day number, 0 to the end of 2106."""
        year = BASE_YEAR + (day_number - BASE_DAY) // 366
        while self.new_year(year + 1) <= day_number:
            year += 1
        while self.new_year(year) > day_number:
            year -= 1
        return year

    def date(self, day_number: int) -> tuple[int, int, int]:
        """Return (year, month, day) of a day number, 0 to the end of 2106."""
        year = self.year(day_number)
        day = day_number - self.new_year(year)
        month = 1
        while month < 12 and day >= (days := self.days_in_month(year, month)):
            day -= days
            month += 1
        return year, month, day + 1

    def weekday(self, day_number: int) -> int:
        """Return 0 for Monday to 6 for Sunday."""
        return (day_number + EPOCH_WEEKDAY) % 7

    def minutes(self, when: Civil) -> int:
        """Return minutes since 1970-01-01 00:00 of a civil time that exists, zone ignored."""
        days = self.day_number(when.year, when.month, when.day)
        return (days * 24 + when.hour) * 60 + when.minute

    def civil(self, minutes: int) -> Civil:
        """Return the civil time of minutes since 1970-01-01 00:00: the inverse of `minutes`."""
        days, minute = divmod(minutes, 1440)
        return Civil(*self.date(days), minute // 60, minute % 60)


class Zone:
    """Minutes since 1970-01-01 00:00 UTC to civil time and back, by a zone's rule. A part."""

    __slots__ = ("_calendar", "_summers", "_year", "rule", "standard_min", "summer_min")

    def __init__(self, calendar: Calendar, rule: ZoneRule) -> None:
        self._calendar = calendar
        self.rule = rule
        self.standard_min, self.summer_min = (
            rule.standard_min,
            rule.summer_min,
        )  # asked at each poll
        self._summers: dict[int, tuple[int, int]] = {}
        self._year = (0, 0, 0, 0)  # the last answer: its first minute, summer, the next year

    def offset_min(self, utc_min: int) -> int:
        """Return legal time minus UTC, in minutes, at an instant."""
        first, begin, end, after = self._year
        if not first <= utc_min < after:
            year = self._calendar.year(utc_min // 1440)
            begin, end = self._summer(year)
            first, after = (self._calendar.new_year(y) * 1440 for y in (year, year + 1))
            self._year = first, begin, end, after
        return self.summer_min if begin <= utc_min < end else self.standard_min

    def to_legal_min(self, utc_min: int) -> int:
        """Return the legal time of an instant as minutes since 1970-01-01 00:00 *legal*."""
        return utc_min + self.offset_min(utc_min)

    def to_utc_later(self, legal_min: int) -> int:
        """Return the instant of a legal time, in minutes; the later one where there are two.

        A time that exists twice, or not at all, is read in the household's favour: an end is the
        later instant (design rule, `docs/decisions/time.md`).
        """
        for offset in (self.standard_min, self.summer_min):
            if self.offset_min(legal_min - offset) == offset:
                return legal_min - offset
        return legal_min - self.standard_min

    def to_legal(self, utc_min: int) -> Civil:
        """Return the legal civil time of an instant."""
        return self._calendar.civil(self.to_legal_min(utc_min))

    def next_change_min(self, utc_min: int) -> int:
        """Return the instant of the next change of clocks after `utc_min`, in minutes."""
        year = self._calendar.year(utc_min // 1440)
        changes = (*self._summer(year), *self._summer(year + 1))
        return next(change for change in changes if change > utc_min)

    def _summer(self, year: int) -> tuple[int, int]:
        if year not in self._summers:
            self._summers[year] = (self.change_min(year, 3), self.change_min(year, 10))
        return self._summers[year]

    def change_min(self, year: int, month: int) -> int:
        """Return the instant of the change of clocks in March or October, in minutes."""
        last = self._calendar.day_number(year, month, 31)
        sunday = last - (self._calendar.weekday(last) + 1) % 7
        return (sunday * 24 + self.rule.change_hour_utc) * 60
