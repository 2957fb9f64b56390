"""DS3231 real-time clock with its own crystal: Maxim Integrated, 19-5170, Rev. 10, 3/15.

Registers 00h to 12h (Figure 1, Address Map), counting (Clock and Calendar), OSF (Status Register),
EOSC (Control Register), first power (Power Control). The chip counts: it holds no policy and knows
no true time but the one its crystal is advanced to. All instants are true microseconds.

What the model leaves out is in the table as "not modelled": alarms, square wave, 32 kHz output,
temperature and ageing (the caller gives the crystal its drift), interrupt and reset pins.
"""

from typing import Final

from typing_extensions import override

from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.alarms import day_or_weekday, field
from meter_emu.hardware.rtc.calendar_chip import (
    TAIL_BYTES,
    Bits,
    BitsKind,
    ChipCalendar,
    Sign,
    masks,
)
from meter_emu.hardware.rtc.maxim import MaximChip

REGISTER_COUNT: Final = 19

SECONDS: Final = 0x00
MINUTES: Final = 0x01
HOURS: Final = 0x02
DAY: Final = 0x03
DATE: Final = 0x04
YEAR: Final = 0x06
ALARM_1_SECONDS: Final = 0x07
CONTROL: Final = 0x0E
STATUS: Final = 0x0F
TEMPERATURE: Final = 0x11

# All Figure 1.
CENTURY: Final = 0x80
EOSC: Final = 0x80
CONV: Final = 0x20
OSF: Final = 0x80
EN32KHZ: Final = 0x08
BSY: Final = 0x04
FLAGS: Final = 0x83  # OSF, A2F, A1F: only 0 can be written to them

_ZERO: Final = "reads 0 (Figure 1); not said what writing does, we drop it, so it goes on reading 0"
_ALARM: Final = "alarm never raised; kept and read back (Table 2)"
_RAISED: Final = (
    "never raised here; writing 0 clears, 1 leaves (Status Register); not said how it comes up,"
    " we clear it, because no alarm was seen"
)
_PIN: Final = "no such pin here"
_CONVERSION: Final = "no temperature is taken, so it reads 0 whatever is written"
_TEMPERATURE: Final = "read only; stays at the 0 °C of a power reset (Temperature Registers)"

REGISTERS: Final = (
    Bits(0x00, 7, 7, "0", BitsKind.UNUSED, _ZERO),
    Bits(0x00, 6, 0, "SECONDS", BitsKind.FIELD,
         "BCD 00 to 59; writing resets the countdown chain (Clock and Calendar)"),
    Bits(0x01, 7, 7, "0", BitsKind.UNUSED, _ZERO),
    Bits(0x01, 6, 0, "MINUTES", BitsKind.FIELD, "BCD 00 to 59"),
    Bits(0x02, 7, 7, "0", BitsKind.UNUSED, _ZERO),
    Bits(0x02, 6, 6, "12/24", BitsKind.FLAG,
         "1 counts 1 to 12 and AM/PM; not said what changing it does to the hours, we keep the"
         " other bits, because they are a register (in the DS1307 the hours must be written"
         " again)", "counts to 12"),
    Bits(0x02, 5, 5, "AM/PM, 20 HOUR", BitsKind.FIELD, "1 is PM with 12/24 set, else a tens digit"),
    Bits(0x02, 4, 0, "HOURS", BitsKind.FIELD, "BCD 01 to 12 with 12/24 set, else 00 to 23"),
    Bits(0x03, 7, 3, "0", BitsKind.UNUSED, _ZERO),
    Bits(0x03, 2, 0, "DAY", BitsKind.FIELD, "1 to 7, user-defined, counts at midnight alone"),
    Bits(0x04, 7, 6, "0", BitsKind.UNUSED, _ZERO),
    Bits(0x04, 5, 0, "DATE", BitsKind.FIELD,
         "BCD 01 to 28, 29, 30 or 31, leap years right up to 2100 (Features); not said whether"
         " 2100 is one, we count every fourth year, because chips that were tried do"),
    Bits(0x05, 7, 7, "CENTURY", BitsKind.FLAG,
         "toggles when the years overflow from 99 to 00", "a century on"),
    Bits(0x05, 6, 5, "0", BitsKind.UNUSED, _ZERO),
    Bits(0x05, 4, 0, "MONTH", BitsKind.FIELD, "BCD 01 to 12"),
    Bits(0x06, 7, 0, "YEAR", BitsKind.FIELD, "BCD 00 to 99"),
    Bits(0x07, 7, 7, "A1M1", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x07, 6, 0, "ALARM 1 SECONDS", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x08, 7, 7, "A1M2", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x08, 6, 0, "ALARM 1 MINUTES", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x09, 7, 7, "A1M3", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x09, 6, 0, "ALARM 1 HOURS", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0A, 7, 7, "A1M4", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0A, 6, 6, "DY/DT", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0A, 5, 0, "ALARM 1 DAY, DATE", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0B, 7, 7, "A2M2", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0B, 6, 0, "ALARM 2 MINUTES", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0C, 7, 7, "A2M3", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0C, 6, 0, "ALARM 2 HOURS", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0D, 7, 7, "A2M4", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0D, 6, 6, "DY/DT", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0D, 5, 0, "ALARM 2 DAY, DATE", BitsKind.NOT_MODELLED, _ALARM),
    Bits(0x0E, 7, 7, "EOSC", BitsKind.FLAG,
         "1 stops the oscillator on battery only (Control Register)", "stops on battery"),
    Bits(0x0E, 6, 6, "BBSQW", BitsKind.NOT_MODELLED, f"square wave on battery; {_PIN}"),
    Bits(0x0E, 5, 5, "CONV", BitsKind.NOT_MODELLED, _CONVERSION),
    Bits(0x0E, 4, 3, "RS2, RS1", BitsKind.NOT_MODELLED, f"square wave rate; {_PIN}"),
    Bits(0x0E, 2, 2, "INTCN", BitsKind.NOT_MODELLED, f"alarm or square wave; {_PIN}"),
    Bits(0x0E, 1, 1, "A2IE", BitsKind.NOT_MODELLED, f"alarm 2 interrupt enable; {_PIN}"),
    Bits(0x0E, 0, 0, "A1IE", BitsKind.NOT_MODELLED, f"alarm 1 interrupt enable; {_PIN}"),
    Bits(0x0F, 7, 7, "OSF", BitsKind.FLAG,
         "set whenever the oscillator stops, cleared only by writing 0 (Status Register); not"
         " said what writing 1 does, we leave it, as the alarm flags next to it are left",
         "the oscillator has stopped, do not believe the time"),
    Bits(0x0F, 6, 4, "0", BitsKind.UNUSED, _ZERO),
    Bits(0x0F, 3, 3, "EN32kHz", BitsKind.NOT_MODELLED, f"32 kHz output enable; {_PIN}"),
    Bits(0x0F, 2, 2, "BSY", BitsKind.NOT_MODELLED, _CONVERSION),
    Bits(0x0F, 1, 1, "A2F", BitsKind.FLAG, _RAISED, "alarm 2"),
    Bits(0x0F, 0, 0, "A1F", BitsKind.FLAG, _RAISED, "alarm 1"),
    Bits(0x10, 7, 0, "AGING OFFSET", BitsKind.NOT_MODELLED,
         "kept and read back; the crystal's drift is the caller's number"),
    Bits(0x11, 7, 0, "TEMPERATURE", BitsKind.NOT_MODELLED, _TEMPERATURE),
    Bits(0x12, 7, 6, "TEMPERATURE", BitsKind.NOT_MODELLED, _TEMPERATURE),
    Bits(0x12, 5, 0, "0", BitsKind.UNUSED, _ZERO),
)  # fmt: skip

# Figure 1, Address Map.
_NAMES: Final = (
    "Seconds", "Minutes", "Hours", "Day", "Date", "Month_century", "Year", "Alarm_1_seconds",
    "Alarm_1_minutes", "Alarm_1_hours", "Alarm_1_day", "Alarm_2_minutes", "Alarm_2_hours",
    "Alarm_2_day", "Control", "Status", "Aging_offset", "Temp_MSB", "Temp_LSB",
)  # fmt: skip

UNUSED: Final = masks(REGISTERS, BitsKind.UNUSED, count=REGISTER_COUNT)
IMPLEMENTED: Final = bytes(0xFF ^ mask for mask in UNUSED)
_READ_ONLY: Final = {CONTROL: CONV, STATUS: BSY, TEMPERATURE: 0xFF, TEMPERATURE + 1: 0xC0}
WRITABLE: Final = bytes(mask & ~_READ_ONLY.get(at, 0) for at, mask in enumerate(IMPLEMENTED))
NEVER_SET: Final = bytes(
    mask | {CONTROL: CONV, STATUS: BSY}.get(at, 0) for at, mask in enumerate(UNUSED)
)

# Power Control: 01/01/00 01 00:00:00; Control 1Ch, Status 88h; ageing and temperature 0; the
# alarms come from the caller.
RESET: Final = bytes.fromhex("00 00 00 01 01 01 00 00 00 00 00 00 00 00 1c 88 00 00 00")
TIME: Final = slice(SECONDS, YEAR + 1)
ALARMS: Final = slice(ALARM_1_SECONDS, CONTROL)
GARBAGE_BYTES: Final = CONTROL - ALARM_1_SECONDS


class Ds3231(MaximChip):
    """One chip: 19 registers on a crystal."""

    NAME = "DS3231"
    ADDRESS = 0x68
    ALIKE = ("ds1337", "ds1339", "ds3232")
    TABLE = REGISTERS
    REGISTER_NAMES = _NAMES
    DOUBT = Sign(STATUS, OSF)
    STILL = ()
    STOPPED = (((CONTROL, EOSC), (STATUS, OSF | EN32KHZ)),)  # on battery, and what follows from it
    RESET = RESET
    NEVER_SET = NEVER_SET
    IMAGE_BYTES = REGISTER_COUNT + TAIL_BYTES
    GARBAGE_BYTES = GARBAGE_BYTES
    ALARMS = (
        (field("second", 0x07, 0x7F), field("minute", 0x08, 0x7F), field("hour", 0x09, 0x3F),
         *day_or_weekday(0x0A)),
        (field("minute", 0x0B, 0x7F), field("hour", 0x0C, 0x3F), *day_or_weekday(0x0D)),
    )  # fmt: skip
    CENTURY = CENTURY

    __slots__ = ("on_battery",)

    def __init__(self, calendar: ChipCalendar, oscillator: Oscillator) -> None:
        super().__init__(calendar, oscillator)
        self.on_battery = False

    @override
    def advance(self, now_us: int) -> None:
        """Count the seconds until `now_us`, and see whether the oscillator has stopped."""
        super().advance(now_us)
        self._watch()

    @override
    def voltage_low(self) -> None:
        """Set OSF, as voltages too low for the oscillator do (Status Register)."""
        self.registers[STATUS] |= OSF

    @override
    def lose_power(self, now_us: int) -> None:
        """Go over to the battery: with EOSC set the oscillator stops there, else it runs on."""
        super().lose_power(now_us)
        self.on_battery = True
        self.obey_registers()

    @override
    def regain_power(self, now_us: int) -> None:
        """Come back from the battery: on VCC the oscillator is always on, whatever EOSC says.

        Not said where a stopped countdown chain goes on; we let it go on where it stopped.
        """
        super().regain_power(now_us)
        self.on_battery = False
        self.obey_registers()

    @override
    def power_on_reset(self, garbage: bytes, now_us: int) -> None:
        """Start as from an empty supply: 2000-01-01 00:00:00, day 1, 24-hour, OSF set.

        `garbage` is what the alarm registers 07h to 0Dh come up with, 7 bytes, which Figure 1
        leaves undefined. Not said where the countdown chain starts; we start it at 0.
        """
        assert len(garbage) == GARBAGE_BYTES, "one byte for each of 07h to 0Dh"
        self.start_afresh(now_us)
        self.registers[ALARMS] = garbage
        self.on_battery = False

    @override
    def store(self, register: int, byte: int) -> None:
        """Keep the writable bits of a byte; writing the seconds resets the chain."""
        held = self.registers[register]
        writable = WRITABLE[register]
        if register == STATUS:
            byte &= held | ~FLAGS
        elif register == SECONDS:
            self.oscillator.phase = 0
        self.registers[register] = held & ~writable | byte & writable

    @override
    def obey_registers(self) -> None:
        """Hold the divider on the battery while EOSC is set (Control Register)."""
        self.oscillator.held = self.on_battery and bool(self.registers[CONTROL] & EOSC)
        self._watch()

    def _watch(self) -> None:
        if self.oscillator.held or not self.oscillator.running:
            self.registers[STATUS] |= OSF
