"""What the clock chip's registers count: UTC, standard time all year, or legal time.

In base LEGAL the program steps the clock by an hour when legal time changes. The step is
journalled, intent before and done after, and touches the hours register alone, one byte, so it
cannot be torn. A power cut between the two saves leaves open whether the hour was written. Where
the reading shows it, that is believed; where it cannot, an hour is added to the error of the
setting: later, never early.
"""

from typing import Final

from meter_emu.firmware.layouts import Factory, RtcBase, State, StateFlags
from meter_emu.firmware.zone import Zone
from meter_emu.units import HOUR_S

FIRST_HOUR: Final = 1  # a step from 1 to 22 o'clock never leaves the day
LAST_HOUR: Final = 22
LAST_SECOND: Final = 3590  # ours: of the hour; room for the save before the write
ERROR_MAX_S: Final = 0xFFFF


class ClockBase:
    """Registers to UTC and back. A part."""

    __slots__ = ("_zone",)

    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def offset_s(self, state: State, factory: Factory) -> int:
        """Return what the registers show minus UTC."""
        if factory.rtc_base == RtcBase.UTC:
            return 0
        summer = factory.rtc_base == RtcBase.LEGAL and state.flags & StateFlags.SUMMER
        return (self._zone.summer_min if summer else self._zone.standard_min) * 60

    def season(self, utc_s: int, state: State) -> int:
        """Return the state's flags with the season that legal time has at an instant."""
        summer = self._zone.offset_min(utc_s // 60) == self._zone.summer_min
        return state.flags | StateFlags.SUMMER if summer else state.flags & ~StateFlags.SUMMER

    def step_hours(self, utc_s: int, second_of_day: int, state: State, factory: Factory) -> int:
        """Return by how many hours the clock is to be stepped now: 1, -1 or 0.

        0 as well while the step would leave the day, or the hour is about to change by itself.
        """
        if factory.rtc_base != RtcBase.LEGAL or self.season(utc_s, state) == state.flags:
            return 0
        hour, second = divmod(second_of_day, HOUR_S)
        if not FIRST_HOUR <= hour <= LAST_HOUR or second > LAST_SECOND:
            return 0
        return -1 if state.flags & StateFlags.SUMMER else 1

    def seconds_to_step(self, utc_s: int, state: State, factory: Factory) -> int | None:
        """Return seconds until a step is due, `None` when none ever is. Sleep hint only."""
        if factory.rtc_base != RtcBase.LEGAL:
            return None
        if self.season(utc_s, state) != state.flags:
            return 1
        return self._zone.next_change_min(utc_s // 60) * 60 - utc_s

    def resolve_step(self, since_journal_s: int, state: State) -> bool:
        """After a power-up, settle a step that was begun; whether it stays in doubt.

        `since_journal_s` is the time since the intent was saved, read as if nothing was written.
        """
        state.flags &= ~StateFlags.STEP_PENDING
        if state.flags & StateFlags.SUMMER:
            if since_journal_s < 0:  # only a clock that was set back can show this
                state.flags &= ~StateFlags.SUMMER
                return False
        elif since_journal_s < HOUR_S:  # a clock set forward would show more
            return False
        state.set_error_s = min(ERROR_MAX_S, state.set_error_s + HOUR_S)
        return True
