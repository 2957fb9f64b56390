"""PCF8563 real-time clock/calendar: NXP product data sheet, Rev. 10, 3 April 2012.

Registers 00h to 0Fh (section 8.2), reset (8.11, Table 27), time counters (8.4, Tables 8 to 17),
access to them (8.5), STOP (8.10). The chip counts: it holds no policy and knows no true time but
the one its crystal is advanced to. All instants are true microseconds.

What the model leaves out is in the table as "not modelled": alarm, countdown timer, clock output
and test modes. Their registers are kept and read back.
"""

from typing import ClassVar, Final, Self

from card_protocol.errors import LayoutError
from meter_emu.hardware.oscillator import SECOND, Oscillator
from meter_emu.hardware.rtc.registers import (
    BCD,
    NO_MONTH,
    BcdCounter,
    Bits,
    ChipCalendar,
    Kind,
    bcd_value,
    masks,
)

REGISTER_COUNT: Final = 16

CONTROL_STATUS_1: Final = 0x00
CONTROL_STATUS_2: Final = 0x01
VL_SECONDS: Final = 0x02
MINUTES: Final = 0x03
HOURS: Final = 0x04
DAYS: Final = 0x05
WEEKDAYS: Final = 0x06
CENTURY_MONTHS: Final = 0x07
YEARS: Final = 0x08

STOP: Final = 0x20  # Table 5
AF_TF: Final = 0x0C  # Table 6
VL: Final = 0x80  # Table 8
C: Final = 0x80  # Table 15

_N: Final = (
    "to be written 0, may read either (Table 4); not said which, we read 1 and drop what is"
    " written, because a driver that forgets its mask then shows"
)
_NONE: Final = (
    "unused (Table 4); not said how it reads, we read 1 and drop what is written,"
    " because a driver that forgets its mask then shows"
)
_ALARM: Final = "alarm never raised; kept and read back (Tables 18 to 21)"

REGISTERS: Final = (
    Bits(0x00, 7, 7, "TEST1", Kind.NOT_MODELLED, "external clock test mode (8.9)"),
    Bits(0x00, 6, 6, "N", Kind.UNUSED, _N),
    Bits(0x00, 5, 5, "STOP", Kind.FLAG, "1 holds the divider in reset (8.10)"),
    Bits(0x00, 4, 4, "N", Kind.UNUSED, _N),
    Bits(0x00, 3, 3, "TESTC", Kind.NOT_MODELLED, "power-on reset override (8.11.1)"),
    Bits(0x00, 2, 0, "N", Kind.UNUSED, _N),
    Bits(0x01, 7, 5, "N", Kind.UNUSED, _N),
    Bits(0x01, 4, 4, "TI_TP", Kind.NOT_MODELLED, "shape of the timer interrupt"),
    Bits(0x01, 3, 3, "AF", Kind.FLAG, "never raised here; writing 0 clears, 1 leaves (Table 6)"),
    Bits(0x01, 2, 2, "TF", Kind.FLAG, "never raised here; writing 0 clears, 1 leaves (Table 6)"),
    Bits(0x01, 1, 1, "AIE", Kind.NOT_MODELLED, "alarm interrupt enable; no interrupt pin here"),
    Bits(0x01, 0, 0, "TIE", Kind.NOT_MODELLED, "timer interrupt enable; no interrupt pin here"),
    Bits(
        0x02,
        7,
        7,
        "VL",
        Kind.FLAG,
        "set by low voltage, cleared only over the bus (8.4.1.1); not said what writing 1 does, we"
        " keep it, because Table 8 has no exception as Table 6 has",
    ),
    Bits(0x02, 6, 0, "SECONDS", Kind.FIELD, "BCD 00 to 59 (Table 8)"),
    Bits(0x03, 7, 7, "-", Kind.UNUSED, _NONE),
    Bits(0x03, 6, 0, "MINUTES", Kind.FIELD, "BCD 00 to 59 (Table 10)"),
    Bits(0x04, 7, 6, "-", Kind.UNUSED, _NONE),
    Bits(0x04, 5, 0, "HOURS", Kind.FIELD, "BCD 00 to 23 (Table 11)"),
    Bits(0x05, 7, 6, "-", Kind.UNUSED, _NONE),
    Bits(0x05, 5, 0, "DAYS", Kind.FIELD, "BCD 01 to 28, 29, 30 or 31 (Table 12)"),
    Bits(0x06, 7, 3, "-", Kind.UNUSED, _NONE),
    Bits(0x06, 2, 0, "WEEKDAYS", Kind.FIELD, "0 to 6, counts with the days alone (Tables 13, 14)"),
    Bits(0x07, 7, 7, "C", Kind.FLAG, "toggles when the years overflow (Table 15)"),
    Bits(0x07, 6, 5, "-", Kind.UNUSED, _NONE),
    Bits(0x07, 4, 0, "MONTHS", Kind.FIELD, "BCD 01 to 12 (Tables 15, 16)"),
    Bits(0x08, 7, 0, "YEARS", Kind.FIELD, "BCD 00 to 99 (Table 17)"),
    Bits(0x09, 7, 7, "AE_M", Kind.NOT_MODELLED, _ALARM),
    Bits(0x09, 6, 0, "MINUTE_ALARM", Kind.NOT_MODELLED, _ALARM),
    Bits(0x0A, 7, 7, "AE_H", Kind.NOT_MODELLED, _ALARM),
    Bits(0x0A, 6, 6, "-", Kind.UNUSED, _NONE),
    Bits(0x0A, 5, 0, "HOUR_ALARM", Kind.NOT_MODELLED, _ALARM),
    Bits(0x0B, 7, 7, "AE_D", Kind.NOT_MODELLED, _ALARM),
    Bits(0x0B, 6, 6, "-", Kind.UNUSED, _NONE),
    Bits(0x0B, 5, 0, "DAY_ALARM", Kind.NOT_MODELLED, _ALARM),
    Bits(0x0C, 7, 7, "AE_W", Kind.NOT_MODELLED, _ALARM),
    Bits(0x0C, 6, 3, "-", Kind.UNUSED, _NONE),
    Bits(0x0C, 2, 0, "WEEKDAY_ALARM", Kind.NOT_MODELLED, _ALARM),
    Bits(0x0D, 7, 7, "FE", Kind.NOT_MODELLED, "clock output enable; no such pin here"),
    Bits(0x0D, 6, 2, "-", Kind.UNUSED, _NONE),
    Bits(0x0D, 1, 0, "FD", Kind.NOT_MODELLED, "clock output frequency"),
    Bits(0x0E, 7, 7, "TE", Kind.NOT_MODELLED, "countdown timer enable; it never counts here"),
    Bits(0x0E, 6, 2, "-", Kind.UNUSED, _NONE),
    Bits(0x0E, 1, 0, "TD", Kind.NOT_MODELLED, "countdown timer source clock"),
    Bits(0x0F, 7, 0, "TIMER", Kind.NOT_MODELLED, "countdown value; reads what was written"),
)

UNUSED: Final = masks(REGISTERS, Kind.UNUSED, count=REGISTER_COUNT)
IMPLEMENTED: Final = bytes(0xFF ^ mask for mask in UNUSED)

# Table 27; bits it leaves undefined are 0 here, the time registers come from the caller.
RESET: Final = bytes.fromhex("08 00 80 00 00 00 00 00 00 80 80 80 80 80 03 00")
TIME: Final = slice(VL_SECONDS, YEARS + 1)
GARBAGE_BYTES: Final = YEARS + 1 - VL_SECONDS

# 8.10: the first tick comes 0.507813 s to 0.507935 s after STOP is released, since the two lowest
# divider stages run on. ours: the middle, always.
FIRST_TICK_AFTER_STOP_US: Final = 507_874
RELEASE_PHASE: Final = SECOND - FIRST_TICK_AFTER_STOP_US * (SECOND // 1_000_000)

_SIXTIES: Final = BcdCounter(0x7F, 0, 59)
_HOURS: Final = BcdCounter(0x3F, 0, 23)
_WEEKDAYS: Final = BcdCounter(0x07, 0, 6)
_MONTHS: Final = BcdCounter(0x1F, 1, 12)
_YEARS: Final = BcdCounter(0xFF, 0, 99)
_PAST_ANY_MONTH: Final = 99  # ours: stands for a day that is no BCD
_DAY_VALUES: Final = tuple(
    bcd_value(raw) if raw & 0x0F <= 9 else _PAST_ANY_MONTH for raw in range(0x40)
)

# offset  size  field
# 0x00    16    registers 00h to 0Fh, unused bits 0
# 0x10    8     divider phase, big-endian, 1e-15 s
# 0x18    1     flags: bit 0 the crystal oscillates; others 0
IMAGE_BYTES: Final = 25
_RUNNING: Final = 0x01


class Pcf8563:
    """One chip: 16 registers on a crystal. Registers are those of the crystal's last advance."""

    IMAGE_BYTES: ClassVar[int] = IMAGE_BYTES
    GARBAGE_BYTES: ClassVar[int] = GARBAGE_BYTES

    __slots__ = ("calendar", "oscillator", "registers")

    def __init__(self, calendar: ChipCalendar, oscillator: Oscillator) -> None:
        self.calendar = calendar
        self.oscillator = oscillator
        self.registers = bytearray(RESET)

    def advance(self, now_us: int) -> None:
        """Count the seconds until `now_us`; how often this is called makes no difference."""
        seconds = self.oscillator.advance(now_us)
        if seconds:
            self.tick(seconds)

    def read(self, at: int, count: int, start_us: int, stop_us: int) -> bytes:
        """Read `count` registers in one access; the address goes on from 0Fh to 00h.

        The time counters stand still from `start_us` to `stop_us`; one tick is kept and served at
        the end, more are lost (8.5). Not said whether an access to other registers blocks them
        too; we block for any, because 8.5 speaks of read and write operations without exception.
        """
        self.advance(start_us)
        end = at + count
        if end <= REGISTER_COUNT:
            shown = self.registers[at:end]
            unused = UNUSED[at:end]
        else:
            turns = end // REGISTER_COUNT + 1
            shown = (self.registers * turns)[at:end]
            unused = (UNUSED * turns)[at:end]
        self._release(stop_us)
        bits = int.from_bytes(shown, "big") | int.from_bytes(unused, "big")
        return bits.to_bytes(count, "big")

    def write(self, at: int, data: bytes, start_us: int, stop_us: int) -> None:
        """Write registers in one access; a torn one is one with fewer bytes, up to `stop_us`.

        Not said when in the access a byte takes effect; we let all take effect before the one
        kept tick is served, and STOP after it. Seconds can be written without moving the divider:
        only STOP does that (8.10).
        """
        self.advance(start_us)
        for index, byte in enumerate(data, at):
            register = index % REGISTER_COUNT
            kept = byte & IMPLEMENTED[register]
            if register == CONTROL_STATUS_2:
                kept &= self.registers[CONTROL_STATUS_2] | ~AF_TF
            self.registers[register] = kept
        self._release(stop_us)
        self._obey_stop()

    def voltage_low(self) -> None:
        """Set VL, as the supply falling below the detector's level does (8.4.1.1)."""
        self.registers[VL_SECONDS] |= VL

    def lose_power(self, now_us: int) -> None:
        """Go on from the backup: the crystal runs on it as on the mains, down to Vlow (8.4.1.1)."""
        self.advance(now_us)

    def regain_power(self, now_us: int) -> None:
        """Go on from the mains."""
        self.advance(now_us)

    def power_on_reset(self, garbage: bytes, now_us: int) -> None:
        """Start as from an empty supply: Table 27, with the time registers undefined.

        `garbage` is what registers 02h to 08h come up with, 7 bytes; unused bits of it are
        dropped and VL is set. Not said where the divider starts; we start it at 0.
        """
        assert len(garbage) == GARBAGE_BYTES, "one byte for each of 02h to 08h"
        self.registers[:] = RESET
        self.registers[TIME] = bytes(
            byte & mask for byte, mask in zip(garbage, IMPLEMENTED[TIME], strict=True)
        )
        self.voltage_low()
        self.oscillator.advance(now_us)
        self.oscillator.phase = 0
        self.oscillator.running = True
        self.oscillator.held = False

    def second_of_day(self, now_us: int) -> int | None:
        """Return 0 to 86,399, or `None` when hours, minutes and seconds are no time of day."""
        self.advance(now_us)
        hours = _HOURS.value(self.registers[HOURS])
        minutes = _SIXTIES.value(self.registers[MINUTES])
        seconds = _SIXTIES.value(self.registers[VL_SECONDS] & ~VL)
        if hours is None or minutes is None or seconds is None:
            return None
        return hours * 3600 + minutes * 60 + seconds

    def us_until_second_of_day(self, second: int, now_us: int) -> int | None:
        """Return the true µs from now until that second of today's RTC day shows.

        86,400 is the next RTC midnight; a second already shown gives 0. `None` when the clock is
        stopped or shows no time of day. Accesses that block the counters can only make it later.
        """
        shown = self.second_of_day(now_us)
        if shown is None:
            return None
        return self.oscillator.us_until(max(0, second - shown))

    def tick(self, seconds: int) -> None:
        """Give the counters one or more ticks of one second (Fig. 8, data flow)."""
        minutes = self.count_seconds(seconds)
        hours = minutes and self.count_minutes(minutes)
        days = hours and self.count_hours(hours)
        if days:
            self.count_weekdays(days)
            self.count_days(days)

    def count_seconds(self, ticks: int) -> int:
        """Count the seconds register; return the carries into minutes. VL stays."""
        shown = self.registers[VL_SECONDS]
        code, carries = _SIXTIES.count(shown & ~VL, ticks)
        self.registers[VL_SECONDS] = shown & VL | code
        return carries

    def count_minutes(self, ticks: int) -> int:
        """Count the minutes register; return the carries into hours."""
        self.registers[MINUTES], carries = _SIXTIES.count(self.registers[MINUTES], ticks)
        return carries

    def count_hours(self, ticks: int) -> int:
        """Count the hours register; return the carries into days and weekdays."""
        self.registers[HOURS], carries = _HOURS.count(self.registers[HOURS], ticks)
        return carries

    def count_weekdays(self, ticks: int) -> None:
        """Count the weekdays register, which nothing ties to the date (Table 14 note 1)."""
        self.registers[WEEKDAYS], _ = _WEEKDAYS.count(self.registers[WEEKDAYS], ticks)

    def count_days(self, ticks: int) -> None:
        """Count the days register, month by month, and what follows from it."""
        day = _DAY_VALUES[self.registers[DAYS]]
        while ticks > (room := max(0, self.month_length() - day)):
            ticks -= room + 1
            day = 1
            self.count_month()
        self.registers[DAYS] = BCD[day + ticks]

    def month_length(self) -> int:
        """Return the last day of the month the registers show."""
        place = _MONTHS.value(self.registers[CENTURY_MONTHS] & 0x1F)
        month = NO_MONTH if place is None else place + 1
        return self.calendar.days_in_month(month, bcd_value(self.registers[YEARS]))

    def count_month(self) -> None:
        """Count one month, and the year and the century bit with it (Tables 15, 17)."""
        shown = self.registers[CENTURY_MONTHS]
        code, years = _MONTHS.count(shown & 0x1F, 1)
        self.registers[CENTURY_MONTHS] = shown & C | code
        if years:
            self.registers[YEARS], overflowed = _YEARS.count(self.registers[YEARS], 1)
            if overflowed:
                self.registers[CENTURY_MONTHS] ^= C

    def to_bytes(self, now_us: int) -> bytes:
        """Return the chip's part of a meter image, 25 bytes, as of `now_us`."""
        self.advance(now_us)
        flags = _RUNNING if self.oscillator.running else 0
        return bytes(self.registers) + self.oscillator.phase.to_bytes(8, "big") + bytes((flags,))

    @classmethod
    def from_bytes(cls, raw: bytes, calendar: ChipCalendar, oscillator: Oscillator) -> Self:
        """Return the chip of an image on a crystal whose `at_us` is the image's instant."""
        if len(raw) != IMAGE_BYTES:
            raise LayoutError(
                "PCF8563", offset=0, want=f"{IMAGE_BYTES} bytes", got=f"{len(raw)} bytes"
            )
        for at, unused in enumerate(UNUSED):
            if raw[at] & unused:
                raise LayoutError("PCF8563", offset=at, want="unused bits 0", got=f"{raw[at]:02x}")
        phase = int.from_bytes(raw[16:24], "big")
        if phase >= SECOND:
            raise LayoutError("PCF8563", offset=16, want=f"a phase below {SECOND}", got=f"{phase}")
        if raw[24] & ~_RUNNING:
            raise LayoutError("PCF8563", offset=24, want="flags 00 or 01", got=f"{raw[24]:02x}")
        chip = cls(calendar, oscillator)
        chip.registers[:] = raw[:REGISTER_COUNT]
        oscillator.phase = phase
        oscillator.running = raw[24] == _RUNNING
        oscillator.held = bool(raw[CONTROL_STATUS_1] & STOP)
        return chip

    def _release(self, stop_us: int) -> None:
        if self.oscillator.advance(stop_us):
            self.tick(1)

    def _obey_stop(self) -> None:
        self.oscillator.held = bool(self.registers[CONTROL_STATUS_1] & STOP)
        if self.oscillator.held:
            self.oscillator.phase = RELEASE_PHASE
