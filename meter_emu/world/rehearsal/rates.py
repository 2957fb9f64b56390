"""When hours over midnight begin and end for an ideal meter: `zoneinfo`, no code of the firmware.

Legal time is whole hours from UTC and changes at full hours, so a day is looked at hour by hour,
once for all homes of a process.
"""

from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from meter_emu.units import DAY_US, HOUR_US, MINUTE_US
from meter_emu.world.meter.model import Window
from meter_emu.world.meter.times import us_to_legal

_SATURDAY: Final = 5
_DAYS_MAX: Final = 8  # hours over midnight change within a week, or never


def in_hours(hours: Window, us: int, zone: ZoneInfo) -> bool:
    """Whether an instant lies in such hours, public holidays or not."""
    inside, changes_us = _day(hours, zone, us // DAY_US)
    return inside ^ (sum(change_us <= us for change_us in changes_us) & 1 == 1)


def next_change_us(hours: Window, us: int, zone: ZoneInfo) -> int:
    """Return the next instant at which such hours begin or end; days ahead if they never do."""
    day = us // DAY_US
    for ahead in range(_DAYS_MAX):
        for change_us in _day(hours, zone, day + ahead)[1]:
            if change_us > us:
                return change_us
    return (day + _DAYS_MAX) * DAY_US


@lru_cache(maxsize=4096)
def _day(hours: Window, zone: ZoneInfo, day: int) -> tuple[bool, tuple[int, ...]]:
    """Return whether a UTC day begins inside, and the instants in it at which that changes."""
    before = _inside(hours, day * DAY_US - 1, zone)
    state, changes_us = before, []
    for hour_us in range(day * DAY_US, (day + 1) * DAY_US, HOUR_US):
        edges = {edge % 60 for edge in (hours.start_minute, hours.end_minute)}
        for minute in sorted({0, *edges}):
            us = hour_us + minute * MINUTE_US
            if _inside(hours, us, zone) != state:
                state = not state
                changes_us.append(us)
    return before, tuple(changes_us)


def _inside(hours: Window, us: int, zone: ZoneInfo) -> bool:
    legal = us_to_legal(us, zone)
    minute = legal.hour * 60 + legal.minute
    if hours.weekend and legal.weekday() >= _SATURDAY:
        return True
    return minute >= hours.start_minute or minute < hours.end_minute
