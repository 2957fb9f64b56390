"""PCF8563 real-time clock/calendar: NXP product data sheet, Rev. 10, 3 April 2012.

Registers 00h to 0Fh (section 8.2), reset (8.11, Table 27), time counters (8.4, Tables 8 to 17),
access to them (8.5), STOP (8.10). The chip counts: it holds no policy and knows no true time but
the one its crystal is advanced to. All instants are true microseconds.

What the model leaves out is in the table as "not modelled": alarm, countdown timer, clock output
and test modes. Their registers are kept and read back.
"""

from typing import Final

from typing_extensions import override

from meter_emu.hardware.oscillator import SECOND
from meter_emu.hardware.rtc.alarms import field
from meter_emu.hardware.rtc.calendar_chip import (
    TAIL_BYTES,
    BcdCounter,
    Bits,
    BitsKind,
    CalendarChip,
    Counter,
    Sign,
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
    Bits(0x00, 7, 7, "TEST1", BitsKind.NOT_MODELLED, "external clock test mode (8.9)"),
    Bits(0x00, 6, 6, "N", BitsKind.UNUSED, _N),
    Bits(0x00, 5, 5, "STOP", BitsKind.FLAG,
         "1 holds the divider in reset (8.10)", "the clock is held"),
    Bits(0x00, 4, 4, "N", BitsKind.UNUSED, _N),
    Bits(0x00, 3, 3, "TESTC", BitsKind.NOT_MODELLED, "power-on reset override (8.11.1)"),
    Bits(0x00, 2, 0, "N", BitsKind.UNUSED, _N),
    Bits(0x01, 7, 5, "N", BitsKind.UNUSED, _N),
    Bits(0x01, 4, 4, "TI_TP", BitsKind.NOT_MODELLED, "shape of the timer interrupt"),
    Bits(0x01, 3, 3, "AF", BitsKind.FLAG,
         "never raised here; writing 0 clears, 1 leaves (Table 6)", "alarm"),
    Bits(0x01, 2, 2, "TF", BitsKind.FLAG,
         "never raised here; writing 0 clears, 1 leaves (Table 6)", "timer"),
    Bits(0x01, 1, 1, "AIE", BitsKind.NOT_MODELLED, "alarm interrupt enable; no interrupt pin here"),
    Bits(0x01, 0, 0, "TIE", BitsKind.NOT_MODELLED, "timer interrupt enable; no interrupt pin here"),
    Bits(0x02, 7, 7, "VL", BitsKind.FLAG,
         "set by low voltage, cleared only over the bus (8.4.1.1); not said what writing 1 does,"
         " we keep it, because Table 8 has no exception as Table 6 has",
         "the supply was too low, do not believe the time"),
    Bits(0x02, 6, 0, "SECONDS", BitsKind.FIELD, "BCD 00 to 59 (Table 8)"),
    Bits(0x03, 7, 7, "-", BitsKind.UNUSED, _NONE),
    Bits(0x03, 6, 0, "MINUTES", BitsKind.FIELD, "BCD 00 to 59 (Table 10)"),
    Bits(0x04, 7, 6, "-", BitsKind.UNUSED, _NONE),
    Bits(0x04, 5, 0, "HOURS", BitsKind.FIELD, "BCD 00 to 23 (Table 11)"),
    Bits(0x05, 7, 6, "-", BitsKind.UNUSED, _NONE),
    Bits(0x05, 5, 0, "DAYS", BitsKind.FIELD, "BCD 01 to 28, 29, 30 or 31 (Table 12)"),
    Bits(0x06, 7, 3, "-", BitsKind.UNUSED, _NONE),
    Bits(0x06, 2, 0, "WEEKDAYS", BitsKind.FIELD,
         "0 to 6, counts with the days alone (Tables 13, 14)"),
    Bits(0x07, 7, 7, "C", BitsKind.FLAG,
         "toggles when the years overflow (Table 15)", "a century on"),
    Bits(0x07, 6, 5, "-", BitsKind.UNUSED, _NONE),
    Bits(0x07, 4, 0, "MONTHS", BitsKind.FIELD, "BCD 01 to 12 (Tables 15, 16)"),
    Bits(0x08, 7, 0, "YEARS", BitsKind.FIELD, "BCD 00 to 99 (Table 17)"),
    Bits(0x09, 7, 7, "AE_M", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x09, 6, 0, "MINUTE_ALARM", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0A, 7, 7, "AE_H", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0A, 6, 6, "-", BitsKind.UNUSED, _NONE),
    Bits(0x0A, 5, 0, "HOUR_ALARM", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0B, 7, 7, "AE_D", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0B, 6, 6, "-", BitsKind.UNUSED, _NONE),
    Bits(0x0B, 5, 0, "DAY_ALARM", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0C, 7, 7, "AE_W", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0C, 6, 3, "-", BitsKind.UNUSED, _NONE),
    Bits(0x0C, 2, 0, "WEEKDAY_ALARM", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0D, 7, 7, "FE", BitsKind.NOT_MODELLED, "clock output enable; no such pin here"),
    Bits(0x0D, 6, 2, "-", BitsKind.UNUSED, _NONE),
    Bits(0x0D, 1, 0, "FD", BitsKind.NOT_MODELLED, "clock output frequency"),
    Bits(0x0E, 7, 7, "TE", BitsKind.NOT_MODELLED, "countdown timer enable; it never counts here"),
    Bits(0x0E, 6, 2, "-", BitsKind.UNUSED, _NONE),
    Bits(0x0E, 1, 0, "TD", BitsKind.NOT_MODELLED, "countdown timer source clock"),
    Bits(0x0F, 7, 0, "TIMER", BitsKind.NOT_MODELLED, "countdown value; reads what was written"),
)  # fmt: skip

# Section 8.2, register organization.
_NAMES: Final = (
    "Control_status_1", "Control_status_2", "VL_seconds", "Minutes", "Hours", "Days", "Weekdays",
    "Century_months", "Years", "Minute_alarm", "Hour_alarm", "Day_alarm", "Weekday_alarm",
    "CLKOUT_control", "Timer_control", "Timer",
)  # fmt: skip
_WEEKDAYS: Final = Counter(  # Table 14
    0,
    6,
    "weekday",
    ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
)
_STOPPED: Final = (CONTROL_STATUS_1, STOP)

UNUSED: Final = masks(REGISTERS, BitsKind.UNUSED, count=REGISTER_COUNT)
IMPLEMENTED: Final = bytes(0xFF ^ mask for mask in UNUSED)

# Table 27; bits it leaves undefined are 0 here, the time registers come from the caller.
RESET: Final = bytes.fromhex("08 00 80 00 00 00 00 00 00 80 80 80 80 80 03 00")
TIME: Final = slice(VL_SECONDS, YEARS + 1)
GARBAGE_BYTES: Final = YEARS + 1 - VL_SECONDS

# 8.10: the first tick comes 0.507813 s to 0.507935 s after STOP is released, since the two lowest
# divider stages run on. ours: the middle, always.
FIRST_TICK_AFTER_STOP_US: Final = 507_874
RELEASE_PHASE: Final = SECOND - FIRST_TICK_AFTER_STOP_US * (SECOND // 1_000_000)


class Pcf8563(CalendarChip):
    """One chip: 16 registers on a crystal."""

    NAME = "PCF8563"
    ADDRESS = 0x51
    ALIKE = ("bm8563", "hym8563", "rtc8564")
    TABLE = REGISTERS
    REGISTER_NAMES = _NAMES
    DOUBT = Sign(VL_SECONDS, VL)
    STILL = (Sign(CONTROL_STATUS_1, STOP),)
    # Its seconds as they were, past the last, and no BCD: they stay so.
    STOPPED = ((_STOPPED,), (_STOPPED, (VL_SECONDS, 0x60)), (_STOPPED, (VL_SECONDS, 0x5A)))
    RESET = RESET
    NEVER_SET = UNUSED
    IMAGE_BYTES = REGISTER_COUNT + TAIL_BYTES
    GARBAGE_BYTES = GARBAGE_BYTES
    ALARMS = (  # Tables 18 to 21
        (field("minute", 0x09, 0x7F), field("hour", 0x0A, 0x3F), field("day", 0x0B, 0x3F),
         field("weekday", 0x0C, 0x07)),
    )  # fmt: skip
    SECONDS, MINUTES, HOURS = VL_SECONDS, MINUTES, HOURS
    WEEKDAY, DAY, MONTH, YEAR = WEEKDAYS, DAYS, CENTURY_MONTHS, YEARS
    WEEKDAY_COUNTER = BcdCounter(0x07, 0, 6)
    WEEKDAYS = _WEEKDAYS
    CENTURY = C

    __slots__ = ()

    @override
    def read(self, at: int, count: int, start_us: int, stop_us: int) -> bytes:
        """Read `count` registers in one access; the address goes on from 0Fh to 00h.

        The time counters stand still from `start_us` to `stop_us`; one tick is kept and served at
        the end, more are lost (8.5). Not said whether an access to other registers blocks them
        too; we block for any, because 8.5 speaks of read and write operations without exception.
        """
        self.begin_access(start_us)
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
        return self.on_the_bus(at, bits.to_bytes(count, "big"))

    @override
    def write(self, at: int, data: bytes, start_us: int, stop_us: int) -> None:
        """Write registers in one access; a torn one is one with fewer bytes, up to `stop_us`.

        Not said when in the access a byte takes effect; we let all take effect before the one
        kept tick is served, and STOP after it. Seconds can be written without moving the divider:
        only STOP does that (8.10).
        """
        self.begin_access(start_us)
        for index, byte in enumerate(data, at):
            register = index % REGISTER_COUNT
            kept = byte & IMPLEMENTED[register]
            if register == CONTROL_STATUS_2:
                kept &= self.registers[CONTROL_STATUS_2] | ~AF_TF
            self.registers[register] = kept
        self._release(stop_us)
        self.obey_registers()

    @override
    def voltage_low(self) -> None:
        """Set VL, as the supply falling below the detector's level does (8.4.1.1)."""
        self.registers[VL_SECONDS] |= VL

    @override
    def power_on_reset(self, garbage: bytes, now_us: int) -> None:
        """Start as from an empty supply: Table 27, with the time registers undefined.

        `garbage` is what registers 02h to 08h come up with, 7 bytes; unused bits of it are
        dropped and VL is set. Not said where the divider starts; we start it at 0.
        """
        assert len(garbage) == GARBAGE_BYTES, "one byte for each of 02h to 08h"
        self.start_afresh(now_us)
        self.registers[TIME] = bytes(
            byte & mask for byte, mask in zip(garbage, IMPLEMENTED[TIME], strict=True)
        )
        self.voltage_low()

    def _release(self, stop_us: int) -> None:
        if self.oscillator.advance(stop_us):
            self.tick(1)

    @override
    def obey_registers(self) -> None:
        """Hold the divider in reset while STOP is set (8.10)."""
        self.oscillator.held = bool(self.registers[CONTROL_STATUS_1] & STOP)
        if self.oscillator.held:
            self.oscillator.phase = RELEASE_PHASE
