"""Whether the clock may be believed, and how far off it may be.

The program keeps the last trusted setting in EEPROM. Its uncertainty *u* is the error of that
setting plus the drift bound times the time since; the second that a register does not show is part
of the setting's error. An end is acted on only when RTC - u has reached it, a protection starts at
RTC + u: so a cut lies in [T, T + 2u + poll] for any clock within its bound, and never before T.
"""

from typing import Final, NamedTuple

from meter_emu.firmware.calendar import Calendar
from meter_emu.firmware.layouts import Factory, Health, State
from meter_emu.firmware.rtc.pcf8563 import Reading

PPB: Final = 1_000_000_000
DAY_S: Final = 86_400
EPOCH_2000_S: Final = 946_684_800  # 2000-01-01 00:00 UTC in seconds since 1970
LAST_TRUSTED_YEAR: Final = 2099  # every RTC of this kind counts 29 Feb 2100 (data sheet Table 12)


class Now(NamedTuple):
    """One reading of the clock, understood. Seconds since 1970-01-01 UTC.

    With an untrusted clock `utc_s` is whatever could be read (0 if nothing) and no dated thing may
    be decided on it.
    """

    utc_s: int
    uncertainty_s: int
    health: Health
    second_of_day: int | None

    @property
    def trusted(self) -> bool:
        """Whether dated decisions may be taken."""
        return self.health is Health.TRUSTED

    @property
    def early_s(self) -> int:
        """The earliest instant it can be: what ends are compared with."""
        return self.utc_s - self.uncertainty_s

    @property
    def late_s(self) -> int:
        """The latest instant it can be: what starts of protection are compared with."""
        return self.utc_s + self.uncertainty_s


class ClockTrust:
    """Turns a reading into `Now`. A part."""

    __slots__ = ("_calendar",)

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar

    def judge(self, reading: Reading, state: State, factory: Factory) -> Now:
        """Return the time and whether to believe it. A distrust once journalled stays."""
        second_of_day = (reading.hour * 60 + reading.minute) * 60 + reading.second
        if not self.possible(reading):
            health = Health.LOW_VOLTAGE if reading.low_voltage else Health.IMPOSSIBLE_DATE
            return Now(0, 0, health, second_of_day if reading.valid else None)
        days = self._calendar.day_number(reading.year, reading.month, reading.day)
        utc_s = days * DAY_S + second_of_day
        health = Health(state.health) or self.suspicion(reading, utc_s, state, factory)
        return Now(utc_s, self.uncertainty_s(utc_s, state, factory), health, second_of_day)

    def possible(self, reading: Reading) -> bool:
        """Whether the registers hold a date that exists, 2000 to 2099."""
        return (
            reading.valid
            and reading.year <= LAST_TRUSTED_YEAR
            and reading.day <= self._calendar.days_in_month(reading.year, reading.month)
        )

    def suspicion(self, reading: Reading, utc_s: int, state: State, factory: Factory) -> Health:
        """Return why a possible date is not to be believed, or `TRUSTED`."""
        since_journal_s = utc_s - EPOCH_2000_S - state.last_time_s
        set_days = (utc_s - EPOCH_2000_S) // DAY_S - state.clock_set_s // DAY_S
        if reading.low_voltage:
            return Health.LOW_VOLTAGE
        if since_journal_s < 0:
            return Health.BACKWARDS
        if since_journal_s > factory.outage_max_days * DAY_S:
            return Health.TOO_FAR_AHEAD
        if set_days > factory.trust_max_days:
            return Health.SET_TOO_LONG_AGO
        return Health.TRUSTED

    def uncertainty_s(self, utc_s: int, state: State, factory: Factory) -> int:
        """Return *u* in whole seconds, rounded up.

        `since_s` is what *this* clock counted; a slow one has counted less than has passed.
        """
        since_s = max(0, utc_s - EPOCH_2000_S - state.clock_set_s)
        drift_ppb = factory.drift_bound_ppb
        return factory.set_error_s - (-since_s * drift_ppb // (PPB - drift_ppb))
