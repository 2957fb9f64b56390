"""What a meter can know of the time, by its model's numbers: *u*, and why it may not know at all.

A lamp shows that a meter does not trust its clock. That excuses it only with one of the causes
below, which an outsider can see. This shares no code with the firmware.

Hours over midnight are here too, by `zoneinfo`. Legal time is whole hours from UTC and changes at
full hours. So most days are checked only where hours begin and end, days of a clock change hour by
hour, and each once in a process.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Final, NamedTuple, final

from meter_emu.hardware.oscillator import RECHARGE_RATIO
from meter_emu.ports import Lamp
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.meter.events import Beginning, Event, What
from meter_emu.world.meter.model import Window, uncertainty_s
from meter_emu.world.meter.times import END_US, us_to_legal
from meter_emu.world.rehearsal.household import Household, VisitKind
from meter_emu.world.rehearsal.outcome import WORK_US
from meter_emu.world.rehearsal.unheard import SITTING_US
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


WRITE_US: Final = 2 * SECOND_US  # ours: a clock is set to the second, and the writing takes time
_CARDS: Final = (What.CLOCK_SET, What.CARD_SERVED, What.CARD_REFUSED)


def clock_within_bound(household: Household, start_us: int, end_us: int) -> bool:
    """Whether the true error of the RTC, left alone, stays within the model's bound.

    A clock beyond its bound is a fault and outside the promise, and so is a technician's tool
    beyond its stated error. Error and bound grow evenly, so the two ends of the rehearsal speak for
    all between.
    """
    bound_s = household.model.clock.set_error_s
    tools = (v.clock_error_s for v in household.visits if v.kind is VisitKind.CLOCK_CARD)
    return all(_within(household, us) for us in (start_us, end_us)) and all(
        abs(e) <= bound_s for e in tools
    )


def _within(household: Household, at_us: int) -> bool:
    drifted_us = household.drift_ppb * (at_us - household.clock_set_us) // 1_000_000_000
    error_us = household.clock_error_s * SECOND_US + drifted_us
    within_s = uncertainty_s(household.model, household.clock_set_us, at_us)
    return abs(error_us) <= within_s * SECOND_US


@final
class Knowledge:
    """What one meter can know from the events taken in so far.

    `doubted` is its lamp, `excused` whether there is a cause; `since_us` is when it last learnt the
    time.
    """

    def __init__(self, household: Household, start_us: int, end_us: int) -> None:
        self.doubted = False
        self.excused = False
        self.since_us = start_us
        self.look_us: Final = household.model.poll_s * SECOND_US + WORK_US
        self._household: Final = household
        self._zone: Final = household.model.zone
        self._set_us = household.clock_set_us
        self._extra_us = 0
        self._beyond = not clock_within_bound(household, start_us, end_us)
        self._reserve_us = household.model.clock.backup_days * DAY_US
        self._mains_us = start_us  # since when there has been power, or none
        self._torn = False  # power failed while the clock was being set or stepped
        self._upset_us = frozenset(at_us for at_us, _ in household.rtc_found)
        self._gone = household.image is not None  # an image may hold anything
        self._card_us: int | None = None

    def within_us(self, at_us: int) -> int:
        """Return *u* at an instant: how far the clock may be off, either way."""
        within_s = uncertainty_s(self._household.model, self._set_us, at_us)
        return within_s * SECOND_US + self._extra_us

    def late_us(self, at_us: int) -> int:
        """Return L: how long after `at_us` a meter that knows the time acts on what is due then."""
        return 2 * self.within_us(at_us) + self.look_us

    def take(self, event: Event) -> str | None:
        """Take in an event; return what is wrong with a doubt that has no cause."""
        what, at_us = event.what, event.at_us
        if what is What.CLOCK_SET:
            self._set_us, self._extra_us = at_us, WRITE_US
            self._gone = self._torn = self.doubted = self.excused = False
            self.since_us = at_us
        elif what is What.CLOCK_TRUSTED and self.doubted:
            self.doubted = self.excused = False
            self.since_us = at_us
        elif what is What.CLOCK_DOUBTED or (
            isinstance(event, Beginning) and Lamp.CLOCK_DOUBTED in event.lamps
        ):
            self.doubted, self.excused = True, self._has_cause(at_us)
            if not self.excused:
                return "it says that it does not know the time, and nothing explains that"
        elif what is What.POWER_LOST:
            self._lose_power(at_us)
        elif what is What.POWER_BACK:
            self._regain_power(at_us)
        if what in _CARDS:
            self._card_us = at_us
        return None

    def _has_cause(self, at_us: int) -> bool:
        """Whether anything an outsider can see explains the doubt."""
        clock = self._household.model.clock
        old = at_us - self._set_us >= (clock.trust_max_days - 1) * DAY_US
        over = at_us >= END_US - 2 * DAY_US
        return self._gone or self._torn or self._beyond or old or over

    def _lose_power(self, at_us: int) -> None:
        self._reserve_us = min(
            self._household.model.clock.backup_days * DAY_US,
            self._reserve_us + (at_us - self._mains_us) * RECHARGE_RATIO,
        )
        self._mains_us = at_us
        if self._card_us is not None and at_us - self._card_us <= SITTING_US:
            self._torn = True
        if self._household.model.rtc_base == "legal" and self._steps_near(at_us):
            self._torn = True
            self._extra_us += HOUR_US

    def _regain_power(self, at_us: int) -> None:
        out_us = at_us - self._mains_us
        self._reserve_us = max(0, self._reserve_us - out_us)
        self._mains_us = at_us
        longest_us = (self._household.model.clock.outage_max_days - 1) * DAY_US
        if self._reserve_us == 0 or out_us >= longest_us or at_us in self._upset_us:
            self._gone = True

    def _steps_near(self, at_us: int) -> bool:
        """Whether a clock that counts legal time may be at its step."""
        reach_us = self.late_us(at_us) + HOUR_US
        before = us_to_legal(at_us - reach_us, self._zone).utcoffset()
        return before != us_to_legal(at_us + reach_us, self._zone).utcoffset()


def latest_us(household: Household, events: Sequence[Event], at_us: int) -> int:
    """Return the latest time at which a powered meter acts on what is due at `at_us`."""
    start_us = min((event.at_us for event in events), default=at_us)
    knowledge = Knowledge(household, start_us, at_us)
    for event in events:
        if event.at_us <= at_us:
            knowledge.take(event)
    return at_us + knowledge.late_us(at_us)
