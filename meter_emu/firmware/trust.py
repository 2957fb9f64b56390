"""What the clock counts, whether it may be trusted, and how far off it may be.

The program keeps the last setting in EEPROM. Its uncertainty *u* is the error of that setting plus
the drift bound times the time since; the second that a register does not show is part of the
setting's error. An end is acted on only when RTC - u has reached it, a protection starts at RTC +
u: so a cut lies in [T, T + 2u + poll] for any clock within its bound, and never before T.

A clock that is lost goes on at once from what is certain (`LOWER_BOUND`): the last time journalled,
and while there is power the lesser of clock and ticks since. A stamp of the desk moves it forward.
It may be behind by any amount. If the office is right, RTC - u is still never ahead of the truth,
so it may decide what must not be early: T1 ends and T2 comes, late by the time without power.
No stamp moves a clock that was set at the meter. If a stamp is too far ahead of it (`DISPUTED`),
the clock and the ends it decides go on as before; hours that favour the household count as running,
because office or clock is wrong. A forward leap within the longest outage looks like an outage: a
known limit.

The registers count UTC, standard time all year, or legal time. A clock in legal time is stepped by
the program, an hour when legal time changes. The step is journalled, intent before and done after,
and touches the hours register alone, one byte, so it cannot be torn. A program that stops between
the two saves leaves open whether the hour was written. The next poll settles that once, before
anything else is saved: what the reading shows for certain counts; if it shows nothing, the step
counts as done and an hour is added to the error of the setting. So no step is taken twice, however
often power fails: later, never early.
"""

from typing import Final, NamedTuple, Protocol

from meter_emu.firmware.calendar import Calendar, Zone
from meter_emu.firmware.layouts import (
    LEGAL,
    LOWER_BOUND,
    TRUSTED,
    UTC,
    Factory,
    Health,
    State,
    StateFlags,
)
from meter_emu.firmware.rtc.driver import RtcReading
from meter_emu.ports import TICKS_WRAP
from meter_emu.units import DAY_S, HOUR_S, PPB

FIRST_HOUR: Final = 1  # a step from 1 to 22 o'clock never leaves the day
LAST_HOUR: Final = 22
LAST_SECOND: Final = 3590  # ours: of the hour; room for one write of the chip
ERROR_MAX_S: Final = 0xFFFF  # of a setting; at this value the true error may be any


class ClockBase:
    """Registers to UTC and back. A part."""

    __slots__ = ("_zone",)

    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def offset_s(self, state: "ClockState", factory: "TrustBounds") -> int:
        """Return the registers' reading minus UTC."""
        if factory.rtc_base == UTC:
            return 0
        summer = factory.rtc_base == LEGAL and state.flags & StateFlags.SUMMER
        return (self._zone.summer_min if summer else self._zone.standard_min) * 60

    def season(self, utc_s: int, state: State) -> int:
        """Return the state's flags with the season of legal time at an instant."""
        summer = self._zone.offset_min(utc_s // 60) == self._zone.summer_min
        return state.flags | StateFlags.SUMMER if summer else state.flags & ~StateFlags.SUMMER

    def step_hours(self, utc_s: int, second_of_day: int, state: State, factory: Factory) -> int:
        """Return by how many hours to step the clock now: 1, -1 or 0.

        Also 0 while the step would leave the day, or the hour is about to change by itself.
        """
        if factory.rtc_base != LEGAL or self.season(utc_s, state) == state.flags:
            return 0
        hour, second = divmod(second_of_day, HOUR_S)
        if not FIRST_HOUR <= hour <= LAST_HOUR or second > LAST_SECOND:
            return 0
        return -1 if state.flags & StateFlags.SUMMER else 1

    def seconds_to_step(self, utc_s: int, state: State, factory: Factory) -> int | None:
        """Return seconds until a step is due, `None` when none ever is. Sleep hint only."""
        if factory.rtc_base != LEGAL:
            return None
        if self.season(utc_s, state) != state.flags:
            return 1
        return self._zone.next_change_min(utc_s // 60) * 60 - utc_s

    def resolve_step(self, since_journal_s: int, state: State) -> bool:
        """Settle a step that was begun and not seen to be done; return whether it stays in doubt.

        `since_journal_s` is the time since the intent was saved, read as if nothing was written.
        """
        state.flags &= ~StateFlags.STEP_PENDING
        back = state.flags & StateFlags.SUMMER
        if not back and since_journal_s < HOUR_S:  # a clock set forward would show more
            return False
        # What may have been done counts as done: a second step would be an hour that no u holds.
        state.flags ^= StateFlags.SUMMER
        if back and since_journal_s < 0:  # only a clock that was set back can show this
            return False
        state.set_error_s = min(ERROR_MAX_S, state.set_error_s + HOUR_S)
        return True


EPOCH_2000_S: Final = 946_684_800  # 2000-01-01 00:00 UTC in seconds since 1970
EPOCH_2000_DAYS: Final = EPOCH_2000_S // DAY_S
LAST_TRUSTED_YEAR: Final = 2099  # every RTC of this kind counts 29 Feb 2100 (data sheet Table 12)
TICKS_SLACK_MS: Final = (
    5_000  # ours: by how much clock and ticks may differ, beyond the drift bound
)
JOURNAL_EVERY_S: Final = 15 * 60  # ours: it spares the memory
STAMP_AHEAD_MAX_S: Final = 15 * 60  # ours: how far an office's clock may be ahead of RTC + u


class TrustBounds(Protocol):
    """What trust needs of a factory record: how far the device's clock may be off."""

    @property
    def rtc_base(self) -> int:
        """What the registers count."""
        ...

    @property
    def drift_bound_ppb(self) -> int:
        """How much it may drift."""
        ...

    @property
    def trust_max_days(self) -> int:
        """How long after its setting it is trusted."""
        ...

    @property
    def outage_max_days(self) -> int:
        """How long without power."""
        ...


class ClockState(Protocol):
    """What trust needs of a state: what was journalled of its clock."""

    flags: int
    last_time_s: int
    last_ticks_ms: int
    health: int

    @property
    def clock_set_s(self) -> int:
        """When it was set, seconds since 2000 UTC."""
        ...

    @property
    def set_error_s(self) -> int:
        """How far off that may have been."""
        ...


class Now(NamedTuple):
    """One reading of the clock, interpreted. Seconds since 1970-01-01 UTC.

    `second_of_day` and `day` (since 1970) are the registers' own, in their time base. With an
    untrusted clock `utc_s` is the unchecked reading, 0 if there is none.
    """

    utc_s: int
    uncertainty_s: int
    health: Health
    second_of_day: int | None
    day: int

    @property
    def trusted(self) -> bool:
        """Whether the time is bounded on both sides: it may decide hours of the day."""
        return self.health is TRUSTED

    @property
    def dated(self) -> bool:
        """Whether RTC - u is never ahead of the truth: it may decide ends."""
        return self.health in _DATED

    @property
    def set_here(self) -> bool:
        """Whether the clock was last set at the meter, so that no stamp moves it."""
        return self.health in _SET_HERE

    @property
    def early_s(self) -> int:
        """The earliest possible instant: compared with ends."""
        return self.utc_s - self.uncertainty_s

    @property
    def late_s(self) -> int:
        """The latest possible instant: compared with starts of protection."""
        return self.utc_s + self.uncertainty_s


_HEALTHS: Final = tuple(Health)
assert all(health == place for place, health in enumerate(_HEALTHS)), "a health is its place"
_SET_HERE: Final = frozenset({TRUSTED, Health.DISPUTED})
_DATED: Final = _SET_HERE | {LOWER_BOUND}


def clocks_end_min(calendar: Calendar, zone: Zone) -> int:
    """Return the first minute since 1970 UTC to which a clock, by its base, cannot be set."""
    return calendar.new_year(LAST_TRUSTED_YEAR + 1) * 1440 - zone.standard_min


class ClockTrust:
    """Turns a reading into `Now`. A part."""

    __slots__ = ("_base", "_calendar")

    def __init__(self, calendar: Calendar, base: ClockBase) -> None:
        self._calendar = calendar
        self._base = base

    def judge(
        self, reading: RtcReading, ticks_ms: int | None, state: ClockState, factory: TrustBounds
    ) -> Now:
        """Return the time and whether to trust it. A journalled distrust stays.

        `ticks_ms` is `None` right after a reset: the ticks do not cover the time before.
        """
        second_of_day = (reading.hour * 60 + reading.minute) * 60 + reading.second
        if not self.possible(reading):
            health = Health.LOW_VOLTAGE if reading.low_voltage else Health.IMPOSSIBLE_DATE
            return Now(0, 0, health, second_of_day if reading.valid else None, 0)
        day = self._calendar.day_number(reading.year, reading.month, reading.day)
        utc_s = day * DAY_S + second_of_day - self._base.offset_s(state, factory)
        health = _HEALTHS[state.health]
        if health in _DATED:
            health = self.suspicion(reading, utc_s, ticks_ms, state, factory) or health
        return Now(utc_s, self.uncertainty_s(utc_s, state, factory), health, second_of_day, day)

    def possible(self, reading: RtcReading) -> bool:
        """Whether the registers hold a date that exists, 2000 to 2099."""
        return (
            reading.valid
            and reading.year <= LAST_TRUSTED_YEAR
            and reading.day <= self._calendar.days_in_month(reading.year, reading.month)
        )

    def suspicion(
        self,
        reading: RtcReading,
        utc_s: int,
        ticks_ms: int | None,
        state: ClockState,
        factory: TrustBounds,
    ) -> Health:
        """Return the reason not to trust a possible date, or `TRUSTED`."""
        since_journal_s = utc_s - EPOCH_2000_S - state.last_time_s
        if reading.low_voltage:
            return Health.LOW_VOLTAGE
        if since_journal_s < 0:
            return Health.BACKWARDS
        # Doubt: a leap forward within the longest outage looks like time without power. With one
        # clock nothing tells them apart; the ticks do while there is power.
        if since_journal_s > factory.outage_max_days * DAY_S:
            return Health.TOO_FAR_AHEAD
        if ticks_ms is not None and self.ticks_disagree(since_journal_s, ticks_ms, state, factory):
            return Health.TICKS_DISAGREE
        too_old = self.believed_for_s(utc_s, state, factory) <= 0
        if too_old or state.set_error_s >= ERROR_MAX_S:
            return Health.SET_TOO_LONG_AGO
        return TRUSTED

    def believed_for_s(self, utc_s: int, state: ClockState, factory: TrustBounds) -> int:
        """Return seconds until a setting is too old, which is at a midnight of UTC."""
        days = state.clock_set_s // DAY_S + factory.trust_max_days + 1
        return EPOCH_2000_S + days * DAY_S - utc_s

    def ticks_disagree(
        self, since_journal_s: int, ticks_ms: int, state: ClockState, factory: TrustBounds
    ) -> bool:
        """Whether clock and ticks disagree on the time since the last journal entry."""
        ticked_ms = (ticks_ms - state.last_ticks_ms) % TICKS_WRAP
        slack_ms = TICKS_SLACK_MS + ticked_ms * factory.drift_bound_ppb // PPB
        ahead_ms = since_journal_s * 1000 - ticked_ms
        # A lower bound that is slow is still one.
        return ahead_ms > slack_ms or (-ahead_ms > slack_ms and state.health != LOWER_BOUND)

    def goes_on_s(
        self, now: Now, state: ClockState, factory: TrustBounds, ticks_ms: int | None
    ) -> int | None:
        """Return the lower bound from which a clock that was lost goes on; `None` if it is not.

        While there is power it is ahead of the journal by the lesser of clock and ticks; `ticks_ms`
        is `None` right after a reset.
        """
        if now.dated:
            return None
        known_s = max(EPOCH_2000_S, self.known_s(now, state, factory))
        if ticks_ms is None or not now.utc_s:
            return known_s
        # Energy says nothing here: a register that jumps would cut a home early.
        ticked_ms = (ticks_ms - state.last_ticks_ms) % TICKS_WRAP
        ticked_s = (ticked_ms - ticked_ms * factory.drift_bound_ppb // PPB) // 1000
        shown_s = now.utc_s - EPOCH_2000_S - state.last_time_s
        return known_s + max(0, min(ticked_s, shown_s))

    def journal_wait_s(self, now: Now, state: State) -> int:
        """Return seconds until a lower bound that an end waits for is journalled again, else a day.

        A meter whose reserve is dead loses what was not journalled at each power failure.
        """
        if now.health is not LOWER_BOUND:
            return DAY_S
        return EPOCH_2000_S + state.last_time_s + JOURNAL_EVERY_S - now.utc_s

    def known_s(self, now: Now, state: ClockState, factory: TrustBounds) -> int:
        """Return an instant that has passed if the desk's stamps are right.

        With an untrusted clock it is the last time journalled by a trusted one.
        """
        if now.dated:
            return now.early_s
        last_s = EPOCH_2000_S + state.last_time_s
        return last_s - self.uncertainty_s(last_s, state, factory)

    def lower_bound_s(self, stamp_s: int, now: Now, state: State, factory: Factory) -> int | None:
        """Return the instant to move a clock forward to, `None` if it is not behind.

        The bound is the later of the desk's stamp and the last trusted time. An untrusted clock is
        always behind; one set at the meter never is.
        """
        if now.set_here or (now.dated and now.utc_s >= stamp_s):
            return None
        return max(stamp_s, self.known_s(now, state, factory))

    def certain_s(self, now: Now, state: State) -> int:
        """Return an instant that has certainly passed: a trusted clock has shown it."""
        before_s = EPOCH_2000_S + state.certain_s
        return max(before_s, now.early_s) if now.trusted else before_s

    def uncertainty_s(self, utc_s: int, state: ClockState, factory: TrustBounds) -> int:
        """Return *u* in whole seconds, rounded up.

        `since_s` is what *this* clock counted; a slow one has counted less than has passed.
        """
        since_s = max(0, utc_s - EPOCH_2000_S - state.clock_set_s)
        drift_ppb = factory.drift_bound_ppb
        u_s = state.set_error_s - (-since_s * drift_ppb // (PPB - drift_ppb))
        # A lower bound was set to an instant that had passed: no end seen before is ahead again.
        return min(since_s, u_s) if state.health == LOWER_BOUND else u_s
