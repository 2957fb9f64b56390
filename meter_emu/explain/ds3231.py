"""What is to be known of a DS3231 to explain its bytes: Maxim 19-5170, Rev. 10, Figure 1."""

from typing import Final

from meter_emu.explain.clocks import Chip, Counter, Shown, within
from meter_emu.explain.maxim import WEEKDAYS, hour_of, hours_meaning
from meter_emu.hardware.rtc import ds3231

# Figure 1, Address Map.
_NAMES: Final = (
    "Seconds", "Minutes", "Hours", "Day", "Date", "Month_century", "Year", "Alarm_1_seconds",
    "Alarm_1_minutes", "Alarm_1_hours", "Alarm_1_day", "Alarm_2_minutes", "Alarm_2_hours",
    "Alarm_2_day", "Control", "Status", "Aging_offset", "Temp_MSB", "Temp_LSB",
)  # fmt: skip
_COUNTERS: Final = {
    "SECONDS": Counter(0, 59, "second"),
    "MINUTES": Counter(0, 59, "minute"),
    "DAY": Counter(1, 7, "weekday", WEEKDAYS),
    "DATE": Counter(1, 31, "day"),
    "MONTH": Counter(1, 12, "month"),
    "YEAR": Counter(0, 99, "year"),
}
_WORDS: Final = {
    "12/24": "12/24: counts to 12",
    "CENTURY": "CENTURY: a century on",
    "EOSC": "EOSC: stops on battery",
    "OSF": "OSF: the oscillator has stopped, do not believe the time",
    "A1F": "A1F: alarm 1",
    "A2F": "A2F: alarm 2",
}


def _time(raw: bytes) -> Shown:
    century = 2100 if raw[ds3231.MONTH_CENTURY] & ds3231.CENTURY else 2000
    year = within(_COUNTERS["YEAR"], raw[ds3231.YEAR])
    return Shown(
        year=None if year is None else century + year,
        month=within(_COUNTERS["MONTH"], raw[ds3231.MONTH_CENTURY] & 0x1F),
        day=within(_COUNTERS["DATE"], raw[ds3231.DATE] & 0x3F),
        hour=hour_of(raw[ds3231.HOURS]),
        minute=within(_COUNTERS["MINUTES"], raw[ds3231.MINUTES] & 0x7F),
        second=within(_COUNTERS["SECONDS"], raw[ds3231.SECONDS] & 0x7F),
    )


DS3231: Final = Chip(
    names=_NAMES,
    table=ds3231.REGISTERS,
    counters=_COUNTERS,
    words=_WORDS,
    fields={ds3231.HOURS: hours_meaning},
    time=_time,
    doubt=lambda raw: bool(raw[ds3231.STATUS] & ds3231.OSF),
    still=lambda _raw: False,
)
