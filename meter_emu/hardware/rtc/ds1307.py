"""DS1307 real-time clock: Maxim Integrated, *DS1307 64 x 8, Serial, I²C Real-Time Clock*.

Registers 00h to 07h (Table 2) and 56 bytes of RAM. It has no bit that says that its oscillator
failed and none for the century: only CH, which halts the clock and which a first power sets. The
chip counts: it holds no policy and knows no true time but the one its crystal is advanced to. All
instants are true microseconds.
"""

from typing import Final

from typing_extensions import override

from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.calendar_chip import (
    TAIL_BYTES,
    Bits,
    BitsKind,
    ChipCalendar,
    Sign,
    masks,
)
from meter_emu.hardware.rtc.maxim import MaximChip

REGISTER_COUNT: Final = 64

SECONDS: Final = 0x00
MINUTES: Final = 0x01
HOURS: Final = 0x02
DAY: Final = 0x03
DATE: Final = 0x04
MONTH: Final = 0x05
YEAR: Final = 0x06
RAM: Final = 0x08

CH: Final = 0x80  # Table 2

_ZERO: Final = "reads 0 (Table 2); not said what writing does, we drop it, so it goes on reading 0"
_PIN: Final = "no such pin here"

REGISTERS: Final = (
    Bits(0x00, 7, 7, "CH", BitsKind.FLAG,
         "1 halts the oscillator (Clock and Calendar)", "halted, do not believe the time"),
    Bits(0x00, 6, 0, "SECONDS", BitsKind.FIELD,
         "BCD 00 to 59; writing resets the divider chain (Clock and Calendar)"),
    Bits(0x01, 7, 7, "0", BitsKind.UNUSED, _ZERO),
    Bits(0x01, 6, 0, "MINUTES", BitsKind.FIELD, "BCD 00 to 59"),
    Bits(0x02, 7, 7, "0", BitsKind.UNUSED, _ZERO),
    Bits(0x02, 6, 6, "12/24", BitsKind.FLAG,
         "1 counts 1 to 12 and AM/PM; the hours must be written again when it changes (Clock and"
         " Calendar): not said what they are until then, we keep the other bits", "counts to 12"),
    Bits(0x02, 5, 5, "PM/AM, 20 HOUR", BitsKind.FIELD, "1 is PM with 12/24 set, else a tens digit"),
    Bits(0x02, 4, 0, "HOURS", BitsKind.FIELD, "BCD 01 to 12 with 12/24 set, else 00 to 23"),
    Bits(0x03, 7, 3, "0", BitsKind.UNUSED, _ZERO),
    Bits(0x03, 2, 0, "DAY", BitsKind.FIELD, "1 to 7, user-defined, counts at midnight alone"),
    Bits(0x04, 7, 6, "0", BitsKind.UNUSED, _ZERO),
    Bits(0x04, 5, 0, "DATE", BitsKind.FIELD,
         "BCD 01 to 28, 29, 30 or 31, leap years right up to 2100 (Features); not said whether"
         " 2100 is one, we count every fourth year, as in the DS3231"),
    Bits(0x05, 7, 5, "0", BitsKind.UNUSED, _ZERO),
    Bits(0x05, 4, 0, "MONTH", BitsKind.FIELD, "BCD 01 to 12"),
    Bits(0x06, 7, 0, "YEAR", BitsKind.FIELD, "BCD 00 to 99; nothing says that it ran over"),
    Bits(0x07, 7, 7, "OUT", BitsKind.NOT_MODELLED, f"output level; {_PIN}"),
    Bits(0x07, 6, 5, "0", BitsKind.UNUSED, _ZERO),
    Bits(0x07, 4, 4, "SQWE", BitsKind.NOT_MODELLED, f"square wave enable; {_PIN}"),
    Bits(0x07, 3, 2, "0", BitsKind.UNUSED, _ZERO),
    Bits(0x07, 1, 0, "RS1, RS0", BitsKind.NOT_MODELLED, f"square wave rate; {_PIN}"),
    *(
        Bits(at, 7, 0, "RAM", BitsKind.NOT_MODELLED, "free memory; kept and read back")
        for at in range(RAM, REGISTER_COUNT)
    ),
)  # fmt: skip

# Table 2, Timekeeper Registers.
_NAMES: Final = (
    "Seconds", "Minutes", "Hours", "Day", "Date", "Month", "Year", "Control",
    *("RAM" for _ in range(RAM, REGISTER_COUNT)),
)  # fmt: skip

UNUSED: Final = masks(REGISTERS, BitsKind.UNUSED, count=REGISTER_COUNT)
IMPLEMENTED: Final = bytes(0xFF ^ mask for mask in UNUSED)

# Clock and Calendar: typically 01/01/00 01 00:00:00 with CH 1; Control Register: OUT and SQWE 0,
# RS 1. The RAM comes from the caller.
RESET: Final = bytes.fromhex("80 00 00 01 01 01 00 03") + bytes(REGISTER_COUNT - RAM)
TIME: Final = slice(SECONDS, YEAR + 1)
GARBAGE_BYTES: Final = REGISTER_COUNT - RAM


class Ds1307(MaximChip):
    """One chip: 64 registers on a crystal."""

    NAME = "DS1307"
    ADDRESS = 0x68
    ALIKE = ("ds1308", "ds1338", "m41t00")
    TABLE = REGISTERS
    REGISTER_NAMES = _NAMES
    DOUBT = Sign(SECONDS, CH)
    STILL = (DOUBT,)
    STOPPED = ()  # its doubt tells
    RESET = RESET
    NEVER_SET = UNUSED
    IMAGE_BYTES = REGISTER_COUNT + TAIL_BYTES
    GARBAGE_BYTES = GARBAGE_BYTES

    __slots__ = ()

    def __init__(self, calendar: ChipCalendar, oscillator: Oscillator) -> None:
        super().__init__(calendar, oscillator)
        self.obey_registers()

    @override
    def voltage_low(self) -> None:
        """Raise nothing: this chip has no bit to say so."""

    @override
    def power_on_reset(self, garbage: bytes, now_us: int) -> None:
        """Start as from an empty supply: halted at 2000-01-01 00:00:00, day 1, 24-hour.

        `garbage` is what the RAM comes up with, 56 bytes. Not said where the chain starts; we
        start it at 0.
        """
        assert len(garbage) == GARBAGE_BYTES, "one byte for each of 08h to 3Fh"
        self.start_afresh(now_us)
        self.registers[RAM:] = garbage
        self.obey_registers()

    @override
    def store(self, register: int, byte: int) -> None:
        """Keep the writable bits of a byte; writing the seconds resets the chain."""
        if register == SECONDS:
            self.oscillator.phase = 0
            self.oscillator.held = bool(byte & CH)
        self.registers[register] = byte & IMPLEMENTED[register]

    @override
    def obey_registers(self) -> None:
        """Halt while CH is set (Clock and Calendar)."""
        self.oscillator.held = bool(self.registers[SECONDS] & CH)
