"""What is to be known of a PCF8563 to explain its bytes: NXP data sheet, Rev. 10, section 8."""

from typing import Final

from meter_emu.explain.clocks import Chip, Counter, Shown, within
from meter_emu.hardware.rtc import pcf8563

# Section 8.2, register organization.
_NAMES: Final = (
    "Control_status_1", "Control_status_2", "VL_seconds", "Minutes", "Hours", "Days", "Weekdays",
    "Century_months", "Years", "Minute_alarm", "Hour_alarm", "Day_alarm", "Weekday_alarm",
    "CLKOUT_control", "Timer_control", "Timer",
)  # fmt: skip
_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_COUNTERS: Final = {  # Tables 8 to 17
    "SECONDS": Counter(0, 59, "second"),
    "MINUTES": Counter(0, 59, "minute"),
    "HOURS": Counter(0, 23, "hour"),
    "DAYS": Counter(1, 31, "day"),
    "WEEKDAYS": Counter(0, 6, "weekday", _DAYS),
    "MONTHS": Counter(1, 12, "month"),
    "YEARS": Counter(0, 99, "year"),
}
_WORDS: Final = {
    "STOP": "STOP: the clock is held",
    "VL": "VL: the supply was too low, do not believe the time",
    "AF": "AF: alarm",
    "TF": "TF: timer",
    "C": "C: a century on",
}


def _time(raw: bytes) -> Shown:
    century = 2100 if raw[pcf8563.CENTURY_MONTHS] & pcf8563.C else 2000
    year = within(_COUNTERS["YEARS"], raw[pcf8563.YEARS])
    return Shown(
        year=None if year is None else century + year,
        month=within(_COUNTERS["MONTHS"], raw[pcf8563.CENTURY_MONTHS] & 0x1F),
        day=within(_COUNTERS["DAYS"], raw[pcf8563.DAYS] & 0x3F),
        hour=within(_COUNTERS["HOURS"], raw[pcf8563.HOURS] & 0x3F),
        minute=within(_COUNTERS["MINUTES"], raw[pcf8563.MINUTES] & 0x7F),
        second=within(_COUNTERS["SECONDS"], raw[pcf8563.VL_SECONDS] & 0x7F),
    )


PCF8563: Final = Chip(
    names=_NAMES,
    table=pcf8563.REGISTERS,
    counters=_COUNTERS,
    words=_WORDS,
    fields={},
    time=_time,
    doubt=lambda raw: bool(raw[pcf8563.VL_SECONDS] & pcf8563.VL),
    still=lambda raw: bool(raw[pcf8563.CONTROL_STATUS_1] & pcf8563.STOP),
)
