"""Legal time as the meter's own integers: standard time, and summer time between two Sundays.

Checked against `zoneinfo` at every transition 1996-2037.
"""

from card_protocol.timestamp import Civil
from meter_emu.domain import ZoneRule
from meter_emu.firmware.calendar import Calendar


class Zone:
    """Minutes since 1970-01-01 00:00 UTC to civil time and back, by a zone's rule. A part."""

    __slots__ = ("_calendar", "_summers", "_year", "rule", "standard_min", "summer_min")

    def __init__(self, calendar: Calendar, rule: ZoneRule) -> None:
        self._calendar = calendar
        self.rule = rule
        self.standard_min, self.summer_min = rule.standard_min, rule.summer_min  # each poll asks
        self._summers: dict[int, tuple[int, int]] = {}
        self._year = (0, 0, 0, 0)  # of the last question: its first minute, summer, the next year

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
