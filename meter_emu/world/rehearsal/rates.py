"""When an ideal meter charges the night price: `zoneinfo` hour by hour, no code of the firmware.

The night begins for a household at the first look its meter takes in it, a poll late at most; it
ends to the minute, or later where the clock is not sure. So what is charged here is never less
than what a right meter charges.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from meter_emu.units import HOUR_US, MINUTE_US
from meter_emu.world.meter.model import Window
from meter_emu.world.meter.times import us_to_legal

_SATURDAY: Final = 5


class Span(NamedTuple):
    """A stretch of true time at one price."""

    from_us: int
    to_us: int
    night: bool


def in_hours(hours: Window, us: int, zone: ZoneInfo) -> bool:
    """Whether an instant lies in such hours, public holidays or not."""
    legal = us_to_legal(us, zone)
    minute = legal.hour * 60 + legal.minute
    if hours.weekend and legal.weekday() >= _SATURDAY:
        return True
    return minute >= hours.start_minute or minute < hours.end_minute


def spans(
    hours: Window, zone: ZoneInfo, from_us: int, to_us: int, *, look_us: int
) -> Iterator[Span]:
    """Yield what lies between two instants, in order; `look_us` is how late a night is noticed."""
    at_us = from_us
    while at_us < to_us:
        seen_us = at_us - look_us
        next_us = min(_next_us(hours, at_us, zone), _next_us(hours, seen_us, zone) + look_us, to_us)
        night = in_hours(hours, at_us, zone) and in_hours(hours, seen_us, zone)
        yield Span(at_us, next_us, night)
        at_us = next_us


def _next_us(hours: Window, us: int, zone: ZoneInfo) -> int:
    """Return the next instant at which the hours may begin or end: a full hour or an edge in it.

    Legal time is whole hours from UTC, and it changes at full hours.
    """
    hour_us = us - us % HOUR_US
    hour = us_to_legal(us, zone).hour
    edges_us = (
        hour_us + edge % 60 * MINUTE_US
        for edge in (hours.start_minute, hours.end_minute)
        if edge // 60 == hour
    )
    return min((edge_us for edge_us in edges_us if edge_us > us), default=hour_us + HOUR_US)
