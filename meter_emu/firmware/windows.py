"""The non-disconnection period: weekdays 16:00 to 08:00 and whole weekends, in legal time.

Weekday public holidays are not in it (energieinfowallonie.be). It takes protection away only when
RTC - u says so and gives it as soon as RTC + u does, so an uncertain clock errs for the household.
"""

from typing import Final

from meter_emu.firmware.calendar import Calendar
from meter_emu.firmware.layouts import Factory, FactoryFlags
from meter_emu.firmware.trust import PPB, Now
from meter_emu.firmware.zone import Zone

_FIRST_WEEKEND_DAY: Final = 5
_DAY_MIN: Final = 1440
_HOUR_S: Final = 3600


class Windows:
    """Which legal minutes are protected. A part."""

    __slots__ = ("_calendar", "_zone")

    def __init__(self, calendar: Calendar, zone: Zone) -> None:
        self._calendar = calendar
        self._zone = zone

    def covers(self, legal_min: int, factory: Factory) -> bool:
        """Whether a legal minute (since 1970-01-01 00:00 legal) lies inside the period."""
        if not factory.flags & FactoryFlags.WINDOW_ON:
            return False
        day, minute = divmod(legal_min, _DAY_MIN)
        if (
            factory.flags & FactoryFlags.WINDOW_WEEKEND
            and self._calendar.weekday(day) >= _FIRST_WEEKEND_DAY
        ):
            return True
        return minute >= factory.window_start_minute or minute < factory.window_end_minute

    def protects(self, now: Now, factory: Factory) -> bool:
        """Whether the period may be running. An untrusted clock counts as inside it."""
        if not factory.flags & FactoryFlags.WINDOW_ON:
            return False
        if not now.trusted:
            return True
        early_min, late_min = self._legal_min(now.early_s), self._legal_min(now.late_s)
        # The period runs over midnight: who knows the time no better than that may be inside it,
        # though neither end of what he knows is. So may who does not know if clocks have changed.
        same_day = early_min // _DAY_MIN == late_min // _DAY_MIN
        changed = late_min - early_min != now.late_s // 60 - now.early_s // 60
        return (
            not same_day
            or changed
            or self.covers(early_min, factory)
            or self.covers(late_min, factory)
        )

    def seconds_to_edge(self, now: Now, factory: Factory) -> int:
        """Return seconds until `protects` may next change, never too many. Sleep hint only."""
        edges = (factory.window_start_minute, factory.window_end_minute, _DAY_MIN)
        left_s = min(
            self._seconds_to(edge, at_s) for at_s in (now.early_s, now.late_s) for edge in edges
        )
        return left_s - left_s * factory.drift_bound_ppb // PPB - 1  # u grows while waiting

    def _seconds_to(self, edge_min: int, at_s: int) -> int:
        """Return seconds from an instant to the next time legal clocks show `edge_min`.

        Or to the next full hour when clocks change before that, which is at a full hour too:
        spring jumps over edges, autumn shows one again that has passed.
        """
        at_min = at_s // 60
        left_min = (edge_min - self._legal_min(at_s) - 1) % _DAY_MIN + 1
        if self._zone.offset_min(at_min + left_min) != self._zone.offset_min(at_min):
            return _HOUR_S - at_s % _HOUR_S
        return left_min * 60 - at_s % 60

    def _legal_min(self, at_s: int) -> int:
        return self._zone.to_legal_min(at_s // 60)
