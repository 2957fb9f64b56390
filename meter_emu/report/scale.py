"""From true time to places on a drawing: integers in, percent of the width out.

A drawing has no width of its own: whatever is placed in percent is right in a narrow window and in
a wide one, and letters keep their size in both.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

from card_protocol.timestamp import Civil
from meter_emu.units import DAY_US
from meter_emu.world.meter.times import to_us, us_to_legal
from meter_emu.zones import TimeZone

_MILLI_MAX: Final = 100_000  # thousandths of a percent
_LABELS_MAX: Final = 6  # ours: so many dates fit side by side on a telephone


@final
@dataclass(frozen=True, slots=True)
class Scale:
    """A stretch of true time across a drawing, from its left edge to its right one.

    What is written at it is legal time of the zone.
    """

    start_us: int
    end_us: int
    zone: TimeZone

    def at(self, us: int) -> str:
        """Return where an instant lies, `0%` to `100%`; what lies outside is at the edge."""
        return _percent(self._milli(us))

    def width(self, from_us: int, to_us: int) -> str:
        """Return how wide a stretch is, the part inside the drawing."""
        return _percent(self._milli(to_us) - self._milli(from_us))

    def holds(self, us: int) -> bool:
        """Whether an instant lies inside."""
        return self.start_us <= us <= self.end_us

    def touches(self, from_us: int, to_us: int) -> bool:
        """Whether any of a stretch lies inside."""
        return from_us < self.end_us and to_us > self.start_us

    def anchor_under(self, us: int) -> str:
        """Return which end of a label belongs under an instant: the middle, or at an edge."""
        return {0: "start", 15: "end", 16: "end"}.get(self._milli(us) * 16 // _MILLI_MAX, "middle")

    def _milli(self, us: int) -> int:
        inside_us = min(max(us, self.start_us), self.end_us) - self.start_us
        return inside_us * _MILLI_MAX // (self.end_us - self.start_us)


def _percent(milli: int) -> str:
    return f"{milli // 1000}.{milli % 1000:03}".rstrip("0").rstrip(".") + "%"


def midnight_us(us: int, zone: TimeZone, *, days: int = 0) -> int:
    """Return the legal midnight that begins the day of an instant, or one so many days on."""
    day = us_to_legal(us, zone).date() + timedelta(days=days)
    return to_us(datetime(day.year, day.month, day.day, tzinfo=zone.info))


def civil_us(when: Civil, zone: TimeZone) -> int | None:
    """Return the instant of a legal time, the later one of two; `None` when no calendar has it."""
    try:
        return to_us(datetime(*when, tzinfo=zone.info, fold=1))
    except ValueError:
        return None


def days_between(scale: Scale) -> list[int]:
    """Return every legal midnight inside, in order."""
    found = []
    at_us = midnight_us(scale.start_us, scale.zone)
    while at_us < scale.end_us:
        if at_us >= scale.start_us:
            found.append(at_us)
        at_us = midnight_us(at_us, scale.zone, days=1)
    return found


def dates_on_axis(scale: Scale) -> list[int]:
    """Return the midnights to write under a long drawing: firsts of months, or evenly spread."""
    days = days_between(scale)
    firsts = [at_us for at_us in days if us_to_legal(at_us, scale.zone).day == 1]
    step = -(-len(firsts) // _LABELS_MAX)
    if len(firsts) >= 2:
        return firsts[::step]
    return days[:: max(1, -(-len(days) // _LABELS_MAX))]


def around(points_us: list[int], focus_us: int, zone: TimeZone, *, reach_days: int) -> Scale:
    """Return whole days around `focus_us` and those points no more than `reach_days` from it."""
    near = [us for us in points_us if abs(us - focus_us) <= reach_days * DAY_US] + [focus_us]
    return Scale(
        midnight_us(min(near), zone, days=-1),
        midnight_us(max(near), zone, days=2),
        zone,
    )
