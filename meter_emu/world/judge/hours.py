"""Hours over midnight, and the changes of legal time, by `zoneinfo`.

Legal time is whole hours from UTC and changes at full hours. So most days are checked only where
hours begin and end, days of a clock change hour by hour, and each once in a process.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from meter_emu.units import DAY_US, HOUR_US, MINUTE_US
from meter_emu.world.meter.model import Window
from meter_emu.world.meter.times import us_to_legal
from meter_emu.zones import TimeZone

_SATURDAY: Final = 5
_DAY_MINUTES: Final = 1_440
_ONE_MINUTE: Final = timedelta(minutes=1)
_DAYS_MAX: Final = 8  # hours over midnight change within a week, or never


class ZoneHours(NamedTuple):
    """Hours over midnight, in a zone."""

    window: Window
    zone: TimeZone

    def hold(self, us: int) -> bool:
        """Whether an instant lies in these hours, public holidays or not."""
        inside, changes_us = _day(self, us // DAY_US)
        return inside ^ (sum(change_us <= us for change_us in changes_us) & 1 == 1)

    def next_change_us(self, us: int) -> int:
        """Return the next instant at which they begin or end; days ahead if they never do."""
        day = us // DAY_US
        for ahead in range(_DAYS_MAX):
            for change_us in _day(self, day + ahead)[1]:
                if change_us > us:
                    return change_us
        return (day + _DAYS_MAX) * DAY_US

    def last_change_us(self, us: int) -> int:
        """Return the last instant, not after this one, at which they began or ended."""
        day = us // DAY_US
        for back in range(_DAYS_MAX):
            for change_us in reversed(_day(self, day - back)[1]):
                if change_us <= us:
                    return change_us
        return (day - _DAYS_MAX) * DAY_US


@lru_cache(maxsize=4096)
def _day(hours: ZoneHours, day: int) -> tuple[bool, tuple[int, ...]]:
    """Return whether a UTC day begins inside, and the instants in it at which that changes."""
    before = _inside(hours, day * DAY_US - 1)
    state, changes_us = before, []
    for minute in _looks(hours, day):
        us = day * DAY_US + minute * MINUTE_US
        if _inside(hours, us) != state:
            state = not state
            changes_us.append(us)
    return before, tuple(changes_us)


def _looks(hours: ZoneHours, day: int) -> list[int]:
    """Return the minutes of a UTC day at which such hours may begin or end, in order."""
    edges = {0, hours.window.start_minute, hours.window.end_minute}
    first_us, last_us = day * DAY_US, (day + 1) * DAY_US - 1
    first, last = (us_to_legal(us, hours.zone).utcoffset() for us in (first_us, last_us))
    assert first is not None, "legal time has an offset"
    if first == last:
        offset = first // _ONE_MINUTE
        return sorted((edge - offset) % _DAY_MINUTES for edge in edges)
    of_hour = sorted({edge % 60 for edge in edges})
    return [hour + minute for hour in range(0, _DAY_MINUTES, 60) for minute in of_hour]


def _inside(hours: ZoneHours, us: int) -> bool:
    window, legal = hours.window, us_to_legal(us, hours.zone)
    minute = legal.hour * 60 + legal.minute
    if window.weekend and legal.weekday() >= _SATURDAY:
        return True
    return minute >= window.start_minute or minute < window.end_minute


def clock_changes_us(zone: TimeZone, from_us: int, to_us: int) -> Iterator[int]:
    """Yield the instants in [from_us, to_us] at which legal time steps."""
    for day in range(from_us // DAY_US, to_us // DAY_US + 1):
        change_us = _change_us(zone, day)
        if change_us is not None and from_us <= change_us <= to_us:
            yield change_us


@lru_cache(maxsize=4096)
def _change_us(zone: TimeZone, day: int) -> int | None:
    """Return the instant of a UTC day at which legal time steps, if there is one."""
    hours = range(day * DAY_US, (day + 1) * DAY_US, HOUR_US)
    before = us_to_legal(hours[0] - 1, zone).utcoffset()
    if us_to_legal(hours[-1] + HOUR_US - 1, zone).utcoffset() == before:
        return None
    return next(us for us in hours if us_to_legal(us, zone).utcoffset() != before)
