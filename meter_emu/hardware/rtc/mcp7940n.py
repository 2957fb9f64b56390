"""MCP7940N real-time clock: Microchip, *Battery-Backed I²C Real-Time Clock/Calendar with SRAM*.

Data sheet DS20005010F: RTCC registers 00h to 1Fh (5.1), counting and access (5.3), alarms (5.4),
backup supply and power-fail time-stamp (5.7), SRAM 20h to 5Fh (6.0). The clock stands until ST is
set, and the backup supply carries it only with VBATEN. The chip counts: it holds no policy and
knows no true time but the one its crystal is advanced to. All instants are true microseconds.

What the model leaves out is in the table as "not modelled": alarms, the multifunction pin, an
external clock, trimming (the caller gives the crystal its drift).
"""

from collections.abc import Iterator
from typing import Final

from typing_extensions import override

from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.alarms import masked
from meter_emu.hardware.rtc.calendar_chip import (
    TAIL_BYTES,
    Bits,
    BitsKind,
    ChipCalendar,
    Sign,
    bcd_value,
    masks,
)
from meter_emu.hardware.rtc.maxim import TWELVE_HOUR, MaximChip

REGISTER_COUNT: Final = 0x60

SECONDS: Final = 0x00
MINUTES: Final = 0x01
HOURS: Final = 0x02
WEEKDAY: Final = 0x03
DATE: Final = 0x04
MONTH: Final = 0x05
YEAR: Final = 0x06
ALARM_WEEKDAYS: Final = (0x0D, 0x14)
ALARM_HOURS: Final = (0x0C, 0x13)
POWER_DOWN: Final = 0x18
POWER_UP: Final = 0x1C
SRAM: Final = 0x20

ST: Final = 0x80  # Register 5-1
OSCRUN: Final = 0x20  # Register 5-4
PWRFAIL: Final = 0x10
VBATEN: Final = 0x08
LPYR: Final = 0x20  # Register 5-6
ALMPOL: Final = 0x80  # 5.4
ALMIF: Final = 0x08

_NONE: Final = "unimplemented, reads 0; not said what writing does, we drop it"
_PIN: Final = "no such pin here"
_ALARM: Final = "alarm never raised; kept and read back (5.4)"
_TRIM: Final = "kept and read back; the crystal's drift is the caller's number (5.6)"
_STAMP: Final = "of the first failure since PWRFAIL was cleared, which clears it (5.7.1)"
_RESERVED: Final = "reserved, not to be used; not said what it holds, we keep it and read it back"


def _alarm(number: int, at: int) -> Iterator[Bits]:
    """Yield the bits of one of the two alarms (5.4)."""
    kept, unused, flag = BitsKind.NOT_MODELLED, BitsKind.UNUSED, BitsKind.FLAG
    yield Bits(at, 7, 7, "-", unused, _NONE)
    yield Bits(at, 6, 0, f"ALM{number}SEC", kept, _ALARM)
    yield Bits(at + 1, 7, 7, "-", unused, _NONE)
    yield Bits(at + 1, 6, 0, f"ALM{number}MIN", kept, _ALARM)
    yield Bits(at + 2, 7, 7, "-", unused, _NONE)
    yield Bits(at + 2, 6, 6, "12/24", flag, "read only, the bit of 02h", "counts to 12")
    yield Bits(at + 2, 5, 0, f"ALM{number}HOUR", kept, _ALARM)
    if number == 0:
        yield Bits(at + 3, 7, 7, "ALMPOL", kept, f"level of the alarm output; {_PIN}")
    else:
        yield Bits(at + 3, 7, 7, "ALMPOL", flag, "read only, the bit of 0Dh", "active high")
    yield Bits(at + 3, 6, 4, f"ALM{number}MSK", kept, _ALARM)
    cleared = "never raised here; writing 0 clears, 1 leaves (5.4)"
    yield Bits(at + 3, 3, 3, f"ALM{number}IF", flag, cleared, f"alarm {number}")
    yield Bits(at + 3, 2, 0, f"ALM{number}WKDAY", kept, _ALARM)
    yield Bits(at + 4, 7, 6, "-", unused, _NONE)
    yield Bits(at + 4, 5, 0, f"ALM{number}DATE", kept, _ALARM)
    yield Bits(at + 5, 7, 5, "-", unused, _NONE)
    yield Bits(at + 5, 4, 0, f"ALM{number}MTH", kept, _ALARM)
    yield Bits(at + 6, 7, 0, "-", kept, _RESERVED)


def _stamp(name: str, at: int) -> Iterator[Bits]:
    """Yield the bits of one of the two power-fail time-stamps (5.7.1)."""
    field, unused, flag = BitsKind.FIELD, BitsKind.UNUSED, BitsKind.FLAG
    yield Bits(at, 7, 7, "-", unused, _NONE)
    yield Bits(at, 6, 0, f"{name}MIN", field, _STAMP)
    yield Bits(at + 1, 7, 7, "-", unused, _NONE)
    yield Bits(at + 1, 6, 6, "12/24", flag, "the mode that it was in", "counts to 12")
    yield Bits(at + 1, 5, 0, f"{name}HOUR", field, _STAMP)
    yield Bits(at + 2, 7, 6, "-", unused, _NONE)
    yield Bits(at + 2, 5, 0, f"{name}DATE", field, _STAMP)
    yield Bits(at + 3, 7, 5, f"{name}WKDAY", field, _STAMP)
    yield Bits(at + 3, 4, 0, f"{name}MTH", field, _STAMP)


_FIELD, _FLAG = BitsKind.FIELD, BitsKind.FLAG
_KEPT, _UNUSED = BitsKind.NOT_MODELLED, BitsKind.UNUSED
_ST: Final = "0 stops the oscillator, and with it the clock (Register 5-1)"
_SECONDS: Final = (
    "BCD 00 to 59; not said what writing does to the divider, we reset it, as the DS1307 does,"
    " whose order of registers this is"
)
_MODE: Final = (
    "1 counts 1 to 12 and AM/PM; not said what changing it does to the hours, we keep the other"
    " bits, because they are a register"
)
_OSCRUN: Final = (
    "read only, 1 while the oscillator is enabled and runs (5.2); its delay is left out"
)
_PWRFAIL: Final = "set when the main supply fails; writing 0 clears, 1 leaves (Register 5-4)"
_LPYR: Final = "read only, 1 in a leap year (Register 5-6)"
_DATE: Final = (
    "BCD 01 to 28, 29, 30 or 31 (Table 5-3), leap years right from 2001 to 2399 (5.3); two digits"
    " cannot tell 2100 from 2000, we count every fourth year, as in the other chips"
)
REGISTERS: Final = (
    Bits(0x00, 7, 7, "ST", _FLAG, _ST, "the oscillator is enabled"),
    Bits(0x00, 6, 0, "SEC", _FIELD, _SECONDS),
    Bits(0x01, 7, 7, "-", _UNUSED, _NONE),
    Bits(0x01, 6, 0, "MIN", _FIELD, "BCD 00 to 59"),
    Bits(0x02, 7, 7, "-", _UNUSED, _NONE),
    Bits(0x02, 6, 6, "12/24", _FLAG, _MODE, "counts to 12"),
    Bits(0x02, 5, 5, "AM/PM, HRTEN1", _FIELD, "1 is PM with 12/24 set, else a tens digit"),
    Bits(0x02, 4, 0, "HR", _FIELD, "BCD 01 to 12 with 12/24 set, else 00 to 23"),
    Bits(0x03, 7, 6, "-", _UNUSED, _NONE),
    Bits(0x03, 5, 5, "OSCRUN", _FLAG, _OSCRUN, "the oscillator runs"),
    Bits(0x03, 4, 4, "PWRFAIL", _FLAG, _PWRFAIL, "the main supply failed, 18h to 1Fh say when"),
    Bits(0x03, 3, 3, "VBATEN", _FLAG,
         "1 lets the backup supply carry the clock (5.7)", "backup on"),
    Bits(0x03, 2, 0, "WKDAY", _FIELD, "1 to 7, user-defined, counts at midnight alone"),
    Bits(0x04, 7, 6, "-", _UNUSED, _NONE),
    Bits(0x04, 5, 0, "DATE", _FIELD, _DATE),
    Bits(0x05, 7, 6, "-", _UNUSED, _NONE),
    Bits(0x05, 5, 5, "LPYR", _FLAG, _LPYR, "a leap year"),
    Bits(0x05, 4, 0, "MTH", _FIELD, "BCD 01 to 12"),
    Bits(0x06, 7, 0, "YR", _FIELD, "BCD 00 to 99; nothing says that it ran over"),
    Bits(0x07, 7, 7, "OUT", _KEPT, f"output level; {_PIN}"),
    Bits(0x07, 6, 6, "SQWEN", _KEPT, f"square wave enable; {_PIN}"),
    Bits(0x07, 5, 4, "ALM1EN, ALM0EN", _KEPT, f"alarm enables; {_PIN}"),
    Bits(0x07, 3, 3, "EXTOSC", _KEPT, "external clock enable; there is none here"),
    Bits(0x07, 2, 2, "CRSTRIM", _KEPT, _TRIM),
    Bits(0x07, 1, 0, "SQWFS", _KEPT, f"square wave rate; {_PIN}"),
    Bits(0x08, 7, 7, "SIGN", _KEPT, _TRIM),
    Bits(0x08, 6, 0, "TRIMVAL", _KEPT, _TRIM),
    Bits(0x09, 7, 0, "-", _KEPT, _RESERVED),
    *_alarm(0, 0x0A),
    *_alarm(1, 0x11),
    *_stamp("PWRDN", POWER_DOWN),
    *_stamp("PWRUP", POWER_UP),
    *(
        Bits(at, 7, 0, "SRAM", _KEPT, "free memory; kept and read back")
        for at in range(SRAM, REGISTER_COUNT)
    ),
)  # fmt: skip

# Table 5-1.
_NAMES: Final = (
    "RTCSEC", "RTCMIN", "RTCHOUR", "RTCWKDAY", "RTCDATE", "RTCMTH", "RTCYEAR", "CONTROL",
    "OSCTRIM", "reserved",
    "ALM0SEC", "ALM0MIN", "ALM0HOUR", "ALM0WKDAY", "ALM0DATE", "ALM0MTH", "reserved",
    "ALM1SEC", "ALM1MIN", "ALM1HOUR", "ALM1WKDAY", "ALM1DATE", "ALM1MTH", "reserved",
    "PWRDNMIN", "PWRDNHOUR", "PWRDNDATE", "PWRDNMTH",
    "PWRUPMIN", "PWRUPHOUR", "PWRUPDATE", "PWRUPMTH",
    *("SRAM" for _ in range(SRAM, REGISTER_COUNT)),
)  # fmt: skip

UNUSED: Final = masks(REGISTERS, BitsKind.UNUSED, count=REGISTER_COUNT)
_READ_ONLY: Final = {
    WEEKDAY: OSCRUN, MONTH: LPYR, **dict.fromkeys(ALARM_HOURS, TWELVE_HOUR),
    ALARM_WEEKDAYS[1]: ALMPOL,
}  # fmt: skip
# Read-only bits follow from others, so they are not held: a read adds them.
NEVER_SET: Final = bytes(mask | _READ_ONLY.get(at, 0) for at, mask in enumerate(UNUSED))

# The values at a power-on reset that each register's description states; the SRAM has none (6.1).
RESET: Final = (
    bytes.fromhex("00 00 00 01 01 01 01 80 00 00  00 00 00 01 01 01 00  00 00 00 01 01 01 00")
    + bytes(REGISTER_COUNT - POWER_DOWN)
)  # fmt: skip
TIME: Final = slice(SECONDS, YEAR + 1)
GARBAGE_BYTES: Final = REGISTER_COUNT - SRAM
_NOBODY: Final = b"\xff"  # what a bus reads when no chip answers


class Mcp7940n(MaximChip):
    """One chip: 96 registers on a crystal, in the order of the DS1307's."""

    NAME = "MCP7940N"
    ADDRESS = 0x6F
    ALIKE = ("mcp7940m", "mcp79400", "mcp79410")
    TABLE = REGISTERS
    REGISTER_NAMES = _NAMES
    DOUBT = Sign(SECONDS, ST, when_set=False)
    STILL = (DOUBT,)
    STOPPED = ()  # its doubt tells
    RESET = RESET
    NEVER_SET = NEVER_SET
    IMAGE_BYTES = REGISTER_COUNT + TAIL_BYTES
    GARBAGE_BYTES = GARBAGE_BYTES
    ALARMS = (masked(0x0A), masked(0x11))

    __slots__ = ("stamping",)

    def __init__(self, calendar: ChipCalendar, oscillator: Oscillator) -> None:
        super().__init__(calendar, oscillator)
        self.stamping = False  # a failure whose end is to be stamped
        self.obey_registers()

    @override
    def read(self, at: int, count: int, start_us: int, stop_us: int) -> bytes:
        """Read `count` registers in one access; see `MaximChip.read` for when they are copied.

        The address goes on from 1Fh to 00h, and in the SRAM from 5Fh to 20h. Past 5Fh nobody
        answers (6.1.1).
        """
        self.begin_access(start_us)
        if at >= REGISTER_COUNT:
            return _NOBODY * count
        first, end = (0, SRAM) if at < SRAM else (SRAM, REGISTER_COUNT)
        shown = self._shown()[at:end][:count]
        while len(shown) < count:
            self.advance(start_us + (stop_us - start_us) * len(shown) // count)
            shown += self._shown()[first:end][: count - len(shown)]
        return self.on_the_bus(at, bytes(shown))

    @override
    def write(self, at: int, data: bytes, start_us: int, stop_us: int) -> None:
        """Write registers in one access, as `MaximChip.write` does; addresses as in `read`."""
        if at >= REGISTER_COUNT:
            return
        first, end = (0, SRAM) if at < SRAM else (SRAM, REGISTER_COUNT)
        room = end - at
        super().write(at, data[:room], start_us, start_us if data[room:] else stop_us)
        if data[room:]:
            self.write(first, data[room:], start_us, stop_us)

    @override
    def voltage_low(self) -> None:
        """Raise nothing: this chip has no bit to say so."""

    @override
    def lose_power(self, now_us: int) -> None:
        """Go over to the backup supply and stamp the time; without VBATEN all is lost (5.7).

        The SRAM is kept then: it is not initialised (6.1), and not said what it comes up with.
        """
        super().lose_power(now_us)
        if not self.registers[WEEKDAY] & VBATEN:
            self.registers[:SRAM] = RESET[:SRAM]
            self.obey_registers()
        elif not self.registers[WEEKDAY] & PWRFAIL:
            self.registers[WEEKDAY] |= PWRFAIL
            self.stamping = True
            self._stamp(POWER_DOWN)

    @override
    def regain_power(self, now_us: int) -> None:
        """Come back from the backup supply and stamp the time."""
        super().regain_power(now_us)
        if self.stamping:
            self._stamp(POWER_UP)
        self.stamping = False

    @override
    def power_on_reset(self, garbage: bytes, now_us: int) -> None:
        """Start as from an empty supply: stopped at 2001-01-01 00:00:00, day 1, 24-hour.

        `garbage` is what the SRAM comes up with, 64 bytes. Not said where the divider starts; we
        start it at 0.
        """
        assert len(garbage) == GARBAGE_BYTES, "one byte for each of 20h to 5Fh"
        self.start_afresh(now_us)
        self.registers[SRAM:] = garbage
        self.stamping = False
        self.obey_registers()

    @override
    def store(self, register: int, byte: int) -> None:
        """Keep the writable bits of a byte; flags can only be cleared."""
        held = self.registers[register]
        if register == SECONDS:
            self.oscillator.phase = 0
            self.oscillator.held = not byte & ST
        elif register == WEEKDAY:
            byte &= held | ~PWRFAIL
            if held & ~byte & PWRFAIL:
                self.registers[POWER_DOWN:SRAM] = bytes(SRAM - POWER_DOWN)
        elif register in ALARM_WEEKDAYS:
            byte &= held | ~ALMIF
        self.registers[register] = byte & ~NEVER_SET[register]

    @override
    def obey_registers(self) -> None:
        """Stand while ST is clear (Register 5-1)."""
        self.oscillator.held = not self.registers[SECONDS] & ST

    @override
    def count_weekdays(self, ticks: int) -> None:
        """Count the weekdays; PWRFAIL and VBATEN next to them stay."""
        held = self.registers[WEEKDAY]
        code, _ = self.WEEKDAY_COUNTER.count(held & 0x07, ticks)
        self.registers[WEEKDAY] = held & ~0x07 | code

    def _shown(self) -> bytearray:
        """Return the registers as they are read."""
        shown = self.registers[:]
        if self.oscillator.running and not self.oscillator.held:
            shown[WEEKDAY] |= OSCRUN
        if self.calendar.is_leap(bcd_value(shown[YEAR])):
            shown[MONTH] |= LPYR
        for at in ALARM_HOURS:
            shown[at] |= shown[HOURS] & TWELVE_HOUR
        shown[ALARM_WEEKDAYS[1]] |= shown[ALARM_WEEKDAYS[0]] & ALMPOL
        return shown

    def _stamp(self, at: int) -> None:
        """Store minutes, hours, date, and month with the weekday (5.7.1)."""
        minutes, hours, weekday, date, month = self.registers[MINUTES:YEAR]
        self.registers[at : at + 4] = bytes((minutes, hours, date, (weekday & 0x07) << 5 | month))
