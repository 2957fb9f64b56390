"""Decisions by time: the ends of orders (T1, T2) and hours of the day, by a clock with an error.

An end is *one instant*: the civil time of the card is converted once, on acceptance, to minutes
since 1970 UTC by the meter's own zone rule, both are stored, and the instant is compared as a
whole. Half-open: at the minute itself the end has come. A card of generation 2 brings the instant.

Hours favour the household. They run from a minute of the day over midnight to one of the next
morning, and whole weekends where so set. What they give begins as soon as RTC + u says so and ends
only when RTC - u does: a clock that is not sure errs for the household, and under an untrusted
clock they may always be running.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, NamedTuple

from typing_extensions import override

from card_protocol.timestamp import Civil, decode_bcd_minute, encode_bcd_minute
from meter_emu.firmware.calendar import Calendar, Zone
from meter_emu.firmware.layouts import (
    END_SIZE_BYTES,
    NO_END,
    Factory,
    FactoryFlags,
    begins_with_civil,
)
from meter_emu.firmware.trust import Now
from meter_emu.ports import SECONDS_A_DAY

# offset  size  field     unit
# 0       5     civil     YYMMDDhhmm BCD, legal time as announced
# 5       4     utc_min   minutes since 1970-01-01 00:00 UTC
# 9       3     reserved  FF


class EndStore:
    """Stores an end in twelve bytes. A part: a defect of another design brings its own bytes."""

    __slots__ = ("calendar", "zone")

    def __init__(self, calendar: Calendar, zone: Zone) -> None:
        self.calendar = calendar
        self.zone = zone

    def accept(
        self,
        civil: Civil | None,
        now: Now,
        utc_min: int | None = None,
    ) -> bytes:
        """Return the twelve bytes to keep for an end that exists in the calendar, or for none.

        `utc_min` is the instant, minutes since 1970, if the card brings it.
        """
        if civil is None:
            return NO_END
        kept_min = self.convert(civil, now, utc_min)
        return encode_bcd_minute(civil) + kept_min.to_bytes(4, "big") + b"\xff" * 3

    def convert(
        self,
        civil: Civil,
        now: Now,  # noqa: ARG002 - for designs that count from it
        utc_min: int | None,
    ) -> int:
        """Return the instant to keep of an end, minutes since 1970: the card's if it has one."""
        if utc_min is not None:
            return utc_min
        return self.zone.to_utc_later(self.calendar.minutes(civil))

    def possible(self, end: bytes) -> bool:
        """Whether this store could have written an end: other bytes come from elsewhere."""
        return begins_with_civil(end)

    def armed(self, end: bytes) -> bool:
        """Whether there is an end: the other methods need one."""
        return end != NO_END

    def due(self, end: bytes, now: Now) -> bool:
        """Whether the end has come and may be acted on."""
        return self.instant_s(end) <= self.now_s(now)

    def wait_s(self, end: bytes, now: Now) -> int:
        """Return seconds until the end comes, never too many; 0 or less if it has come.

        Sleep hint only: an end that has come but is not `due` is checked again at every poll.
        """
        return self.instant_s(end) - self.now_s(now)

    def now_s(self, now: Now) -> int:
        """Return the instant that ends are compared with: RTC - u, in seconds since 1970."""
        return now.early_s

    def instant_s(self, end: bytes) -> int:
        """Return the instant of an end in seconds since 1970."""
        return int.from_bytes(end[5:9], "big") * 60

    def tick(self, end: bytes, now: Now) -> bytes:  # noqa: ARG002 - for designs that count days
        """Return the bytes to keep of an end; called once an RTC day and after a power-up."""
        return end

    def understood(self, end: bytes) -> Civil | None:
        """Return the meter's reading of the civil time: display and write-back show it."""
        assert len(end) == END_SIZE_BYTES, "an end is twelve bytes"
        return decode_bcd_minute(end[:5])


_FIRST_WEEKEND_DAY: Final = 5
_DAY_MIN: Final = 1440


class Hours(NamedTuple):
    """From `start_minute` of the legal day over midnight to `end_minute`, which is before it."""

    start_minute: int
    end_minute: int
    weekend: bool  # whole Saturdays and Sundays as well


class WeekTable:
    """Where such hours lie in the legal week: one table for every kind. A part.

    Weekdays count from Monday = 0.
    """

    __slots__ = ()

    def inside(self, hours: Hours, weekday: int, minute: int) -> bool:
        """Whether a minute of a day of the week lies inside."""
        if hours.weekend and self.is_weekend(weekday):
            return True
        return minute >= hours.start_minute or minute < hours.end_minute

    def is_weekend(self, weekday: int) -> bool:
        """Whether a day of the week may be inside as a whole."""
        return weekday >= _FIRST_WEEKEND_DAY

    def edges(self, hours: Hours) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the minutes of the day at which they may start, and may stop. Sleep hint only.

        Nothing starts or stops at midnight, weekend or not: it is always inside.
        """
        return (hours.start_minute,), (hours.end_minute,)


class LegalHours(ABC):
    """The rules of all such hours; each kind says which hours they are. A part."""

    __slots__ = ("_calendar", "_week", "_zone")

    def __init__(self, calendar: Calendar, zone: Zone, week: WeekTable) -> None:
        self._calendar = calendar
        self._zone = zone
        self._week = week

    @abstractmethod
    def hours(self, factory: Factory) -> Hours | None:
        """Return the hours of a meter, `None` if it has none of this kind."""

    def covers(self, legal_min: int, factory: Factory) -> bool:
        """Whether a legal minute (since 1970-01-01 00:00 legal) lies inside."""
        hours = self.hours(factory)
        if hours is None:
            return False
        day, minute = divmod(legal_min, _DAY_MIN)
        return self._week.inside(hours, self._calendar.weekday(day), minute)

    def may_run(self, now: Now, factory: Factory) -> bool:
        """Whether they may be running. An untrusted clock counts as inside."""
        if self.hours(factory) is None:
            return False
        if not now.trusted:
            return True
        early_min, late_min = self.legal_min(now.early_s), self.legal_min(now.late_s)
        # The true time lies between early and late. The hours run over midnight: where midnight or
        # a change of clocks lies between, the time may be inside although neither end is.
        same_day = early_min // _DAY_MIN == late_min // _DAY_MIN
        changed = late_min - early_min != now.late_s // 60 - now.early_s // 60
        return (
            not same_day
            or changed
            or self.covers(early_min, factory)
            or (late_min != early_min and self.covers(late_min, factory))
        )

    def seconds_to_edge(self, now: Now, factory: Factory, grown_s: Callable[[int], int]) -> int:
        """Return seconds until `may_run` may next change, never too many. Sleep hint only.

        They begin when RTC + u has reached their start and end when RTC - u has reached their end.
        `grown_s` says by how much u grows in so many seconds. Without such hours, a day.
        """
        hours = self.hours(factory)
        if hours is None:
            return SECONDS_A_DAY
        starts, stops = self._week.edges(hours)
        left_s = SECONDS_A_DAY
        for minute in starts:
            left_s = min(left_s, self._seconds_to(minute, now.late_s, factory))
        for minute in stops:
            left_s = min(left_s, self._seconds_to(minute, now.early_s, factory))
        return left_s - abs(grown_s(left_s))  # while waiting

    def _seconds_to(self, edge_min: int, at_s: int, factory: Factory) -> int:
        """Return seconds from an instant to the next time legal clocks show `edge_min`.

        Or to a change of clocks before that which is an edge: spring jumps over edges, autumn shows
        one again that has passed. Within a weekend no edge is one, and the next may be a day of 23
        hours on.
        """
        at_min, legal_min = at_s // 60, self.legal_min(at_s)
        left_min = (edge_min - legal_min - 1) % _DAY_MIN + 1
        if self._zone.offset_min(at_min + left_min) != self._zone.offset_min(at_min):
            change_s = self._zone.next_change_min(at_min) * 60
            if self._inside_at(self.legal_min(change_s - 1), self.legal_min(change_s), factory):
                return change_s - at_s + self._seconds_to(edge_min, change_s, factory)
            return change_s - at_s
        at_edge = legal_min + left_min
        weekend = self._week.is_weekend(self._calendar.weekday(at_edge // _DAY_MIN))
        if weekend and self._inside_at(at_edge - 1, at_edge, factory):
            left_min += _DAY_MIN - 60
        return left_min * 60 - at_s % 60

    def _inside_at(self, before_min: int, after_min: int, factory: Factory) -> bool:
        """Whether the hours go on from one legal minute to the next, which is no edge then."""
        return self.covers(before_min, factory) and self.covers(after_min, factory)

    def legal_min(self, at_s: int) -> int:
        """Return the legal minute since 1970 of an instant."""
        return self._zone.to_legal_min(at_s // 60)


class Windows(LegalHours):
    """The non-disconnection period, in which a lack of credit does not cut. A part.

    Weekdays 16:00 to 08:00 and whole weekends; weekday public holidays are not in it
    (energieinfowallonie.be).
    """

    __slots__ = ()

    @override
    def hours(self, factory: Factory) -> Hours | None:
        if not factory.flags & FactoryFlags.WINDOW_ON:
            return None
        weekend = bool(factory.flags & FactoryFlags.WINDOW_WEEKEND)
        return Hours(factory.window_start_minute, factory.window_end_minute, weekend)


class Nights(LegalHours):
    """The night hours of a bi-hourly tariff, in which energy costs the night price. A part.

    From 21, 22, 22:30 or 23 o'clock, as the network operator has it, to nine hours later, and whole
    weekends; weekday public holidays are weekdays. The lower price is theirs, so a meter that does
    not know the time to the minute charges it a little longer, never shorter.
    """

    __slots__ = ()

    @override
    def hours(self, factory: Factory) -> Hours | None:
        if not factory.flags & FactoryFlags.NIGHT_ON:
            return None
        weekend = bool(factory.flags & FactoryFlags.NIGHT_WEEKEND)
        return Hours(factory.night_start_minute, factory.night_end_minute, weekend)
