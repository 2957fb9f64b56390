"""When hours over midnight begin and end for an ideal meter: `zoneinfo`, no code of the firmware.

Legal time is whole hours from UTC and changes at full hours. So a day is looked at where its hours
begin and end, one in which clocks change hour by hour, and once for all homes of a process.
"""

from datetime import timedelta
from functools import lru_cache
from typing import Final

from meter_emu.units import DAY_US, MINUTE_US
from meter_emu.world.meter.model import Window
from meter_emu.world.meter.times import us_to_legal
from meter_emu.zones import TimeZone

_SATURDAY: Final = 5
_DAY_MINUTES: Final = 1_440
_ONE_MINUTE: Final = timedelta(minutes=1)
_DAYS_MAX: Final = 8  # hours over midnight change within a week, or never


def in_hours(hours: Window, us: int, zone: TimeZone) -> bool:
    """Whether an instant lies in such hours, public holidays or not."""
    inside, changes_us = _day(hours, zone, us // DAY_US)
    return inside ^ (sum(change_us <= us for change_us in changes_us) & 1 == 1)


def next_change_us(hours: Window, us: int, zone: TimeZone) -> int:
    """Return the next instant at which such hours begin or end; days ahead if they never do."""
    day = us // DAY_US
    for ahead in range(_DAYS_MAX):
        for change_us in _day(hours, zone, day + ahead)[1]:
            if change_us > us:
                return change_us
    return (day + _DAYS_MAX) * DAY_US


@lru_cache(maxsize=4096)
def _day(hours: Window, zone: TimeZone, day: int) -> tuple[bool, tuple[int, ...]]:
    """Return whether a UTC day begins inside, and the instants in it at which that changes."""
    before = _inside(hours, day * DAY_US - 1, zone)
    state, changes_us = before, []
    for minute in _looks(hours, zone, day):
        us = day * DAY_US + minute * MINUTE_US
        if _inside(hours, us, zone) != state:
            state = not state
            changes_us.append(us)
    return before, tuple(changes_us)


def _looks(hours: Window, zone: TimeZone, day: int) -> list[int]:
    """Return the minutes of a UTC day at which such hours may begin or end, in order."""
    edges = {0, hours.start_minute, hours.end_minute}
    first_us, last_us = day * DAY_US, (day + 1) * DAY_US - 1
    first, last = (us_to_legal(us, zone).utcoffset() for us in (first_us, last_us))
    assert first is not None, "legal time has an offset"
    if first == last:
        offset = first // _ONE_MINUTE
        return sorted((edge - offset) % _DAY_MINUTES for edge in edges)
    of_hour = sorted({edge % 60 for edge in edges})
    return [hour + minute for hour in range(0, _DAY_MINUTES, 60) for minute in of_hour]


def _inside(hours: Window, us: int, zone: TimeZone) -> bool:
    legal = us_to_legal(us, zone)
    minute = legal.hour * 60 + legal.minute
    if hours.weekend and legal.weekday() >= _SATURDAY:
        return True
    return minute >= hours.start_minute or minute < hours.end_minute
