"""What a meter can know of the time, by its model's numbers: *u*, and whether it may doubt it.

A lamp shows that a meter does not trust its clock. That excuses it only with a cause (`causes`).
This shares no code with the firmware.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timezone
from typing import Final, NamedTuple, final

from card_protocol.timestamp import Civil
from meter_emu.ports import Lamp
from meter_emu.units import HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.households.household import Household
from meter_emu.world.judge.causes import Causes, Setting, beyond_bound_us
from meter_emu.world.judge.forks import Forks
from meter_emu.world.judge.hours import clock_changes_us
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.meter.events import NO_DATE, Beginning, Event, What
from meter_emu.world.meter.model import uncertainty_s
from meter_emu.world.meter.times import to_us, us_to_civil, us_to_legal
from meter_emu.zones import TimeZone

WRITE_US: Final = 2 * SECOND_US  # ours: a clock is set to the second, and the writing takes time


def clock_beyond_us(household: Household, end_us: int) -> int | None:
    """Return from when to `end_us` the true error of the RTC is beyond its bound; `None` for never.

    Such a clock is a fault and outside the promise, and so is a technician's tool beyond its stated
    error.
    """
    tools = (v for v in household.visits if v.sets_the_clock)
    settings = [
        Setting(household.clock_set_us, household.clock_error_s * SECOND_US),
        *(Setting(tool.at_us, tool.clock_error_s * SECOND_US) for tool in tools),
    ]
    ends_us = [*(setting.at_us for setting in settings[1:]), end_us]
    for setting, until_us in zip(settings, ends_us, strict=True):
        beyond_us = beyond_bound_us(household, setting)
        if beyond_us <= until_us:
            return beyond_us
    return None


@final
class Vouched(NamedTuple):
    """How far a clock that must be right may be off, either way.

    `within_us` is what the meter itself must allow for. `stated_us` is less once it has stated the
    right time after a step at which power failed: it may go on allowing for an hour, and the clock
    is right.
    """

    within_us: int
    stated_us: int


@final
class Knowledge(Forks):
    """What one meter can know from the events taken in so far.

    `doubted` is its lamp, `excused` whether there was a cause when it was lit; `since_us` is when
    it last learnt the time.
    """

    def __init__(self, household: Household, start_us: int) -> None:
        self.doubted = False
        self.excused = False
        self.since_us = start_us
        self.look_us: Final = household.model.poll_s * SECOND_US + WORK_US
        self._household = household
        self._causes: Final = Causes(household, start_us)
        self._set_us = household.clock_set_us
        self._write_us = 0  # what the writing of the last setting took
        self._mains_us = start_us  # since when there has been power
        self._stepped_us = start_us  # up to which all steps of a legal clock are certainly done
        self._torn_steps: set[int] = set()  # those at which power failed, since the setting
        self._unstated_steps: set[int] = set()  # of those: since the last right statement

    def go_on(self, household: Household) -> None:
        """Take in that more has happened to the household."""
        self._household = household
        self._causes.go_on(household)

    def within_us(self, at_us: int) -> int:
        """Return *u* at an instant: how far the clock may be off, either way."""
        return self._unstepped_us(at_us) + HOUR_US * len(self._torn_steps)

    def _unstepped_us(self, at_us: int) -> int:
        """Return *u* of a clock whose steps are all done."""
        within_s = uncertainty_s(self._household.model, self._set_us, at_us)
        return within_s * SECOND_US + self._write_us

    def late_us(self, at_us: int) -> int:
        """Return L: how long after `at_us` a meter that knows the time acts on what is due then."""
        return 2 * self.within_us(at_us) + self.look_us

    def vouched(self, at_us: int) -> Vouched | None:
        """Return how far a clock may be off, `None` for one that need not be right."""
        if self.doubted or self._causes.wrong(at_us):
            return None
        stated_us = self._unstepped_us(at_us) + HOUR_US * len(self._unstated_steps)
        return Vouched(self.within_us(at_us), stated_us)

    def take(self, event: Event) -> str | None:
        """Take in an event; return what is wrong with a doubt that has no cause."""
        what, at_us = event.what, event.at_us
        stepping = what is What.POWER_LOST and self._fails_at_a_step(at_us)
        self._causes.take(event, stepping=stepping)
        if what is What.CLOCK_SET:
            self._set_us, self._write_us = at_us, WRITE_US
            self._stepped_us = at_us
            self._torn_steps.clear()
            self._unstated_steps.clear()
            self.doubted = self.excused = False
            self.since_us = at_us
        elif what is What.CLOCK_TRUSTED and self.doubted:
            self.doubted = self.excused = False
            self.since_us = at_us
        elif what is What.CLOCK_DOUBTED or (
            isinstance(event, Beginning) and Lamp.CLOCK_DOUBTED in event.lamps
        ):
            self.doubted, self.excused = True, self._causes.at(at_us) is not None
            if not self.excused:
                return "it says that it does not know the time, and nothing explains that"
        elif what is What.POWER_BACK:
            self._mains_us = at_us
        elif self._unstated_steps and self._states_it_right(event):
            self._unstated_steps.clear()
        return None

    def _states_it_right(self, event: Event) -> bool:
        """Whether the meter believes its clock, and states a time that no step is missing from."""
        written = event.written
        if written is None or written.clock is None or not event.clock_trusted:
            return False
        within_us = self._unstepped_us(event.at_us)
        zone = self._household.model.zone
        return wrong_clock(written.clock, event.at_us, within_us, zone) is None

    def _fails_at_a_step(self, at_us: int) -> bool:
        """Whether power fails while a clock that counts legal time may be at a step of it.

        Whether the hour was written is then unknown: it counts into *u*, once for each step.
        """
        if self._household.model.rtc_base != "legal":
            return False
        reach_us = self.late_us(at_us) + HOUR_US
        if at_us - self._mains_us >= reach_us:
            self._stepped_us = max(self._stepped_us, at_us - reach_us)
        zone = self._household.model.zone
        steps = set(clock_changes_us(zone, self._stepped_us, at_us + reach_us))
        self._torn_steps |= steps
        self._unstated_steps |= steps
        return bool(steps)


def wrong_clock(stated: Civil, at_us: int, within_us: int, zone: TimeZone) -> str | None:
    """Return what is wrong with a legal time that a meter stated at `at_us`, to the minute."""
    off_us = within_us + WORK_US
    if stated == NO_DATE:
        return "the clock is believed, and states no date"
    lowest, highest = at_us - off_us - MINUTE_US, at_us + off_us
    readings = {us_to_legal(us, zone).utcoffset() for us in (lowest, at_us, highest)}
    try:
        wall = datetime(*stated, tzinfo=UTC)
    except ValueError:
        return f"the clock is believed, and states {stated}"
    for offset in readings:
        assert offset is not None, "legal time has an offset"
        if lowest <= to_us(wall.replace(tzinfo=timezone(offset))) <= highest:
            return None
    return f"the clock states {stated}, and it is {us_to_civil(at_us, zone)}"


def latest_us(household: Household, events: Sequence[Event], at_us: int) -> int:
    """Return the latest time at which a powered meter acts on what is due at `at_us`."""
    start_us = min((event.at_us for event in events), default=at_us)
    knowledge = Knowledge(household, start_us)
    for event in events:
        if event.at_us <= at_us:
            knowledge.take(event)
    return at_us + knowledge.late_us(at_us)
