"""What registers say by the data sheet, and how they come to say it: the laws' own view of a chip.

It reads the chip's row, never a driver: fields, the two modes of the hours, century, alarms, signs.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeAlias, final

from meter_emu.driver_bench.clock_bench import ClockBench
from meter_emu.driver_bench.declared import Declared
from meter_emu.hardware.rtc.alarms import AlarmField
from meter_emu.hardware.rtc.calendar_chip import BCD, BitsKind, counters, masks

FIELDS: Final = ("year", "month", "day", "hour", "minute", "second")
Value: TypeAlias = int | str  # a text: bits that are no value of this field

_NOON: Final = 12
# Ours: parts of a second from 0.05 s to 0.9 s; the golden section spreads seconds that follow.
_PART_FIRST_US, _PART_MOST_US, _SPREAD_US = 50_003, 850_009, 525_334


@final
class Shown(NamedTuple):
    """The time fields in registers; a text is bits that are no value."""

    year: Value
    month: Value
    day: Value
    hour: Value
    minute: Value
    second: Value

    def __str__(self) -> str:
        """Return them as a date and time."""
        parts = [part if isinstance(part, str) else f"{part:02}" for part in self]
        return f"{parts[0]}-{parts[1]}-{parts[2]} {parts[3]}:{parts[4]}:{parts[5]}"


def shown_as(when: datetime) -> Shown:
    """Return what registers should show."""
    return Shown(when.year, when.month, when.day, when.hour, when.minute, when.second)


@final
class Face:
    """The registers of a bench's chip, read and written behind the driver's back."""

    def __init__(self, bench: ClockBench, declared: Declared) -> None:
        self._bench: Final = bench
        self._declared: Final = declared
        chip = self._chip = bench.chip
        found = counters(type(chip))
        self._places: Final = {
            "year": chip.YEAR, "month": chip.MONTH, "day": chip.DAY, "hour": chip.HOURS,
            "minute": chip.MINUTES, "second": chip.SECONDS,
        }  # fmt: skip
        self._masks: Final = {what: found[at][0] for what, at in self._places.items()}
        self._weekday_mask: Final = 0x07
        self.first_weekday: Final = chip.WEEKDAYS.first
        self.unused: Final = masks(chip.TABLE, BitsKind.UNUSED, count=len(chip.RESET))

    @property
    def registers(self) -> bytes:
        """The registers now, as they are held."""
        self._chip.advance(self._bench.now_us)
        return bytes(self._chip.registers)

    def shown(self) -> Shown:
        """Return the time in the registers."""
        held = self.registers
        values: dict[str, Value] = {}
        for what in ("month", "day", "minute", "second"):
            values[what] = _bcd(held[self._places[what]] & self._masks[what])
        hour = _hour(held[self._chip.HOURS], self._chip.TWELVE_HOUR, self._chip.PM)
        year = _bcd(held[self._chip.YEAR])
        if isinstance(year, int):
            year = self._declared.full_year(year, self._century(held))
        return Shown(year, values["month"], values["day"], hour, values["minute"],
                     values["second"])  # fmt: skip

    def weekday(self) -> int:
        """Return the code of the weekday."""
        return self.registers[self._chip.WEEKDAY] & self._weekday_mask

    def twelve(self) -> bool:
        """Whether the hours are in 12-hour mode."""
        return bool(self.registers[self._chip.HOURS] & self._chip.TWELVE_HOUR)

    def stands(self) -> bool:
        """Whether a sign says that it stands still."""
        held = self.registers
        return any(sign.given(held[sign.register]) for sign in self._chip.STILL)

    def doubted(self) -> bool:
        """Whether the chip says that its time is not to be believed."""
        sign = self._chip.DOUBT
        return sign.given(self.registers[sign.register])

    def doubt(self, *, given: bool) -> None:
        """Give the chip's sign of doubt, or take it away."""
        sign = self._chip.DOUBT
        self.put(sign.register, sign.put(self._chip.registers[sign.register], given=given))

    def put(self, register: int, byte: int) -> None:
        """Have a register hold a byte."""
        self._chip.advance(self._bench.now_us)
        self._chip.registers[register] = byte
        self._chip.obey_registers()

    def place(self, when: datetime, weekday: int, *, twelve: bool = False) -> None:
        """Have the clock show a time, a part of a second past it, run, be believed; the rest stays.

        The part follows from the time, so a case that is checked again is the same case.
        """
        chip, bench = self._chip, self._bench
        chip.advance(bench.now_us)
        held = chip.registers
        self._put_fields(held, when, twelve=twelve)
        held[chip.WEEKDAY] = held[chip.WEEKDAY] & ~0x07 | weekday
        for sign in (*chip.STILL, chip.DOUBT):
            held[sign.register] = sign.put(held[sign.register], given=False)
        chip.obey_registers()
        chip.oscillator.running = True
        chip.oscillator.phase = _part_us(when) * 10**9
        bench.mark()

    def afresh(self) -> None:
        """Start the chip as from an empty supply."""
        self._chip.power_on_reset(bytes(self._chip.GARBAGE_BYTES), self._bench.now_us)

    def alarm(self, number: int) -> Mapping[str, Value]:
        """Return what an alarm waits for, field by field; without those that are off."""
        held = self._chip.read(0, len(self._chip.registers), self._bench.now_us,
                               self._bench.now_us)  # fmt: skip
        return {
            field.what: self._alarm_value(field, held)
            for field in self._chip.ALARMS[number - 1]
            if field.is_used(held)
        }

    def alarm_twelve(self, number: int) -> bool | None:
        """Return whether the hour of an alarm is in 12-hour mode; `None` where it has no hour."""
        held = self._chip.read(0, len(self._chip.registers), self._bench.now_us,
                               self._bench.now_us)  # fmt: skip
        for field in self._chip.ALARMS[number - 1]:
            if field.what == "hour" and field.is_used(held):
                return bool(held[field.register] & self._chip.TWELVE_HOUR)
        return None

    def alarm_registers(self, number: int) -> frozenset[int]:
        """Return the registers of an alarm."""
        return frozenset(field.register for field in self._chip.ALARMS[number - 1])

    def _alarm_value(self, field: AlarmField, held: bytes) -> Value:
        byte = held[field.register]
        if field.what == "hour":
            return _hour(byte & ~0x80, self._chip.TWELVE_HOUR, self._chip.PM)
        return byte & field.mask if field.what == "weekday" else _bcd(byte & field.mask)

    def _put_fields(self, held: bytearray, when: datetime, *, twelve: bool) -> None:
        chip = self._chip
        for what in ("month", "day", "minute", "second"):
            at, mask = self._places[what], self._masks[what]
            held[at] = held[at] & ~mask | BCD[getattr(when, what)]
        hour = when.hour
        if twelve and chip.TWELVE_HOUR:
            pm = chip.PM if hour >= _NOON else 0
            held[chip.HOURS] = chip.TWELVE_HOUR | pm | BCD[hour % _NOON or _NOON]
        else:
            held[chip.HOURS] = BCD[hour]
        digits, century = self._declared.digits(when.year)
        held[chip.YEAR] = BCD[digits]
        if chip.CENTURY:
            month = held[chip.MONTH] & ~chip.CENTURY
            held[chip.MONTH] = month | (chip.CENTURY if century else 0)

    def _century(self, held: bytes) -> bool:
        return bool(held[self._chip.MONTH] & self._chip.CENTURY)


def _part_us(when: datetime) -> int:
    """Return a part of a second, spread evenly over times that differ; the last is left free."""
    at_s = (when - datetime(1, 1, 1)) // timedelta(seconds=1)
    return _PART_FIRST_US + at_s * _SPREAD_US % _PART_MOST_US


def _bcd(bits: int) -> Value:
    high, low = divmod(bits, 16)
    return high * 10 + low if high <= 9 and low <= 9 else f"{bits:02X}h"


def _hour(byte: int, twelve_hour: int, pm: int) -> Value:
    if not byte & twelve_hour:
        return _bcd(byte & 0x3F)
    hour = _bcd(byte & ~(twelve_hour | pm) & 0x1F)
    if not isinstance(hour, int) or not 1 <= hour <= _NOON:
        return f"{byte:02X}h"
    return hour % _NOON + (_NOON if byte & pm else 0)
