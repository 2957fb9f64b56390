"""What is to be known of a DS1307 to explain its bytes: Maxim Integrated data sheet, Table 2."""

from typing import Final

from meter_emu.explain.clocks import Chip, Counter, Shown, within
from meter_emu.explain.maxim import WEEKDAYS, hour_of, hours_meaning
from meter_emu.hardware.rtc import ds1307

# Table 2, Timekeeper Registers.
_TIMEKEEPER: Final = (
    "Seconds", "Minutes", "Hours", "Day", "Date", "Month", "Year", "Control",
)  # fmt: skip
_NAMES: Final = (*_TIMEKEEPER, *("RAM" for _ in range(ds1307.RAM, ds1307.REGISTER_COUNT)))
_COUNTERS: Final = {
    "SECONDS": Counter(0, 59, "second"),
    "MINUTES": Counter(0, 59, "minute"),
    "DAY": Counter(1, 7, "weekday", WEEKDAYS),
    "DATE": Counter(1, 31, "day"),
    "MONTH": Counter(1, 12, "month"),
    "YEAR": Counter(0, 99, "year"),
}
_WORDS: Final = {"CH": "CH: halted, do not believe the time", "12/24": "12/24: counts to 12"}


def _time(raw: bytes) -> Shown:
    year = within(_COUNTERS["YEAR"], raw[ds1307.YEAR])
    return Shown(
        year=None if year is None else 2000 + year,
        month=within(_COUNTERS["MONTH"], raw[ds1307.MONTH] & 0x1F),
        day=within(_COUNTERS["DATE"], raw[ds1307.DATE] & 0x3F),
        hour=hour_of(raw[ds1307.HOURS]),
        minute=within(_COUNTERS["MINUTES"], raw[ds1307.MINUTES] & 0x7F),
        second=within(_COUNTERS["SECONDS"], raw[ds1307.SECONDS] & 0x7F),
    )


def _halted(raw: bytes) -> bool:
    return bool(raw[ds1307.SECONDS] & ds1307.CH)


DS1307: Final = Chip(
    names=_NAMES,
    table=ds1307.REGISTERS,
    counters=_COUNTERS,
    words=_WORDS,
    fields={ds1307.HOURS: hours_meaning},
    time=_time,
    doubt=_halted,
    still=_halted,
)
