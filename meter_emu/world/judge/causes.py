"""Why a meter may not know the time: each cause, and the interval in which it lets a doubt begin.

One table, that of `docs/decisions/doubt.md`, computed from what an outsider can see. A doubt that
begins in the interval of a cause is excused until the clock is set at the meter. One that begins
outside all of them is groundless, whatever happened weeks before.
"""

from collections.abc import Iterator
from enum import Enum, unique
from fractions import Fraction
from typing import Final, NamedTuple, final

from meter_emu.hardware.oscillator import RECHARGE_RATIO
from meter_emu.units import DAY_S, DAY_US, HOUR_US, MINUTE_US, PPB, SECOND_US
from meter_emu.world.households.household import Household, VisitKind
from meter_emu.world.judge.forks import Forks
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.judge.unheard import SITTING_US
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.meter.times import END_US

_NEVER_US: Final = 2**63
_STAMP_AHEAD_US: Final = 15 * MINUTE_US  # as docs/decisions/doubt.md says
_TICKS_SHOW_PPB: Final = 5 * PPB // DAY_S  # 5 s a day apart from the ticks is seen (docs/ports.md)
_ROUNDED_US: Final = SECOND_US  # *u* is whole seconds, rounded up
_COUNTED_US: Final = 2 * DAY_US  # ages are whole days, and a new day is seen at a midnight
_ZONE_US: Final = HOUR_US  # registers that count standard time reach 2100 before UTC does


@final
@unique
class Why(Enum):
    """The causes; the value is the row of the page."""

    OUTAGE = "the backup capacitor was exhausted, or the outage was longer than the model's longest"
    UPSET = "registers were upset"
    TORN = "power failed within 60 s of a card that sets the clock, or of a legal clock's step"
    IMAGE = "an image was loaded that nobody knows"
    BEYOND = "the clock has left its bound"
    OLD = "the setting is too old"
    END = "2099 is over"
    STAMP = "a card of an office that is more than 15 minutes ahead of RTC + *u*"


class Cause(NamedTuple):
    """A doubt may begin from one instant to before another."""

    why: Why
    from_us: int
    until_us: int


class Setting(NamedTuple):
    """When a clock was last set, and how far ahead of the truth it was then."""

    at_us: int
    error_us: int


def beyond_bound_us(household: Household, setting: Setting) -> int:
    """Return from when the true error of a clock, left alone, exceeds *u*; `_NEVER_US` for never.

    A crystal so fast or slow that the meter's ticks show it is beyond its bound at once.
    """
    clock = household.model.clock
    drift_ppb, bound_ppb = household.drift_ppb, clock.drift_bound_ppb
    left_us = clock.set_error_s * SECOND_US - abs(setting.error_us)
    if left_us < 0 or abs(drift_ppb) - bound_ppb >= _TICKS_SHOW_PPB:
        return setting.at_us
    # Towards the truth first, where error and drift have opposite signs, and then away from it.
    towards = setting.error_us * drift_ppb < 0
    if towards:
        left_us += 2 * abs(setting.error_us)
    if abs(drift_ppb) <= bound_ppb:
        return _NEVER_US
    return setting.at_us + int(Fraction(left_us * PPB, abs(drift_ppb) - bound_ppb))


@final
class Causes(Forks):
    """The causes of one meter, from the events taken in so far."""

    def __init__(self, household: Household, start_us: int) -> None:
        self._household = household
        model: Final[MeterModel] = household.model
        self._look_us: Final = model.poll_s * SECOND_US + WORK_US
        self._start_up_us: Final = model.boot_ms * 1_000 + WORK_US + self._look_us
        self._first_us: Final = start_us + self._start_up_us  # nobody saw a doubt before it
        self._reserve_us = model.clock.backup_days * DAY_US
        self._mains_us = start_us  # since when there has been power, or none
        self._down_us = self._up_us = -_NEVER_US  # the last outage, to the start after it
        self._upset_us: Final = frozenset(at_us for at_us, _ in household.rtc_found)
        self._looked = 0  # how many visits, for those that spoil the clock
        self._stamps_us: list[int] = []  # the newest date on what the office has written so far
        self._set_card_us = -_NEVER_US  # when a card that sets the clock was last put in
        self._torn = False  # the last outage began then, or at a step
        self._found: list[Cause] = []
        self._of_setting: tuple[Cause, ...] = ()
        self._set(Setting(household.clock_set_us, household.clock_error_s * SECOND_US))
        if household.image is not None:
            self._found.append(Cause(Why.IMAGE, start_us, start_us + self._start_up_us))

    def go_on(self, household: Household) -> None:
        """Take in that more has happened to the household."""
        self._household = household

    def at(self, us: int) -> Cause | None:
        """Return a cause for a doubt that begins at this instant, `None` if there is none."""
        for cause in (*self._of_setting, *self._found):
            # A meter without power cannot doubt; it does when it has started.
            until_us = cause.until_us
            if until_us > self._down_us:
                until_us = max(until_us, self._up_us)
            if cause.from_us <= us < until_us:
                return cause
        return None

    def wrong(self, us: int) -> bool:
        """Whether the clock itself may be wrong by now: it left its bound, or was upset."""
        wrong = (Why.BEYOND, Why.UPSET)
        return any(
            cause.why in wrong and cause.from_us <= us
            for cause in (*self._of_setting, *self._found)
        )

    def take(self, event: Event, *, stepping: bool = False) -> None:
        """Take in an event; `stepping` is whether a legal clock may be at its step."""
        what, at_us = event.what, event.at_us
        for visit in self._household.visits[self._looked :]:
            if visit.at_us > at_us:
                break
            self._looked += 1
            if visit.kind is VisitKind.UPSET or visit.lost:
                self._found.append(Cause(Why.UPSET, visit.at_us, _NEVER_US))
        if what is What.CLOCK_SET:
            self._found.clear()
            self._set_card_us = at_us
            self._set(Setting(at_us, self._tool_error_us(at_us)))
        elif what is What.DESK:
            self._stamps_us.extend(self._stamp_us(at_us))
        elif what is What.POWER_LOST:
            self._lose_power(at_us, stepping=stepping)
        elif what is What.POWER_BACK:
            self._regain_power(at_us)
        elif what in {What.CARD_SERVED, What.CARD_REFUSED}:
            if event.visit is None:
                self._set_card_us = at_us
            elif max(self._stamps_us, default=0) > at_us + _STAMP_AHEAD_US:
                self._found.append(Cause(Why.STAMP, at_us, at_us + self._look_us))

    def _set(self, setting: Setting) -> None:
        """Begin anew with a setting: when it leaves its bound, is too old, or 2099 is over."""
        clock = self._household.model.clock
        trusted_us = clock.trust_max_days * DAY_US
        too_old_us = setting.at_us + trusted_us
        # By then a clock within its bound may be so far ahead, or behind.
        tool_us = clock.set_error_s * SECOND_US
        drift_us = -(-clock.drift_bound_ppb * trusted_us // PPB)  # rounded up
        apart_us = tool_us + drift_us + _ROUNDED_US
        # It is counted in days and seen at a look; a story may begin when it is too old already.
        seen_us = too_old_us + apart_us + _COUNTED_US + self._look_us
        self._of_setting = (
            Cause(Why.BEYOND, beyond_bound_us(self._household, setting), _NEVER_US),
            Cause(Why.OLD, too_old_us - apart_us, max(seen_us, self._first_us)),
            Cause(Why.END, END_US - apart_us - _ZONE_US, _NEVER_US),
        )

    def _tool_error_us(self, at_us: int) -> int:
        """Return how far ahead the tool was that has just set the clock."""
        tools = (v for v in self._household.visits if v.sets_the_clock)
        used = [tool.clock_error_s for tool in tools if tool.at_us <= at_us]
        return used[-1] * SECOND_US if used else 0

    def _stamp_us(self, at_us: int) -> Iterator[int]:
        """Yield the date that an office wrote just now, if it is ahead."""
        orders = [v for v in self._household.visits if v.desk is not None and v.at_us <= at_us]
        if orders and orders[-1].desk is not None and orders[-1].desk.office_error_s > 0:
            yield at_us + orders[-1].desk.office_error_s * SECOND_US

    def _lose_power(self, at_us: int, *, stepping: bool) -> None:
        whole_us = self._household.model.clock.backup_days * DAY_US
        charged_us = (at_us - self._mains_us) * RECHARGE_RATIO
        self._reserve_us = min(whole_us, self._reserve_us + charged_us)
        self._mains_us = at_us
        torn = stepping or at_us - self._set_card_us <= SITTING_US
        # Power that fails before the program has started goes on with the outage before.
        if at_us >= self._up_us:
            self._down_us, self._torn = at_us, torn
        else:
            self._torn = self._torn or torn

    def _regain_power(self, at_us: int) -> None:
        out_us = at_us - self._mains_us
        self._reserve_us = max(0, self._reserve_us - out_us)
        self._mains_us = at_us
        self._up_us = at_us + self._start_up_us
        longest_us = (self._household.model.clock.outage_max_days - 1) * DAY_US
        if self._reserve_us == 0 or at_us - self._down_us >= longest_us:
            self._found.append(Cause(Why.OUTAGE, at_us, self._up_us))
        if at_us in self._upset_us:  # nobody knows what they make of the time from here on
            self._found.append(Cause(Why.UPSET, at_us, _NEVER_US))
        if self._torn:
            self._found.append(Cause(Why.TORN, at_us, self._up_us))
