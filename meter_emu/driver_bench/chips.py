"""The chips of the bench: the meters' own, look-alikes by a row, and clocks made of words.

A look-alike counts as the chips of Maxim do and differs in where its registers are. It stands here
and not in `hardware/rtc`, because no meter has one: its row says what a driver's laws read of it,
and no more.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, NamedTuple, final

from typing_extensions import override

from meter_emu.hardware.rtc.alarms import AlarmField, day_or_weekday, field
from meter_emu.hardware.rtc.calendar_chip import (
    BCD,
    TAIL_BYTES,
    BcdCounter,
    Bits,
    BitsKind,
    CalendarChip,
    Counter,
    Sign,
    bcd_value,
    masks,
)
from meter_emu.hardware.rtc.maxim import MaximChip
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS

BYTE_US: Final = 90  # nine bits at 100 kHz
PORT_US: Final = 1  # ours: a byte of a port, a word of a microcontroller
_FIELD, _UNUSED, _KEPT = BitsKind.FIELD, BitsKind.UNUSED, BitsKind.NOT_MODELLED
_SUNDAY_0: Final = Counter(0, 6, "weekday")
_FREE_1_7: Final = Counter(1, 7, "weekday")
TIME_COUNTERS: Final = ("second", "minute", "hour", "weekday", "day", "month", "year")
_HIGHEST_BITS: Final = (6, 6, 5, 2, 5, 4, 7)


class LookAlike(MaximChip):
    """A chip known by its row alone: bytes as they come, the address goes on and wraps."""

    TWELVE_HOUR = 0
    PM = 0

    __slots__ = ()

    @override
    def voltage_low(self) -> None:
        """Give the row's sign of doubt."""
        sign = self.DOUBT
        self.upset([(sign.register, sign.put(self.registers[sign.register], given=True))])

    @override
    def power_on_reset(self, garbage: bytes, now_us: int) -> None:
        """Start as the row's reset says."""
        self.start_afresh(now_us)
        self.obey_registers()

    @override
    def store(self, register: int, byte: int) -> None:
        """Keep the bits that there are; writing the seconds resets the divider."""
        if register == self.SECONDS:
            self.oscillator.phase = 0
        self.registers[register] = byte & ~self.NEVER_SET[register]

    @override
    def obey_registers(self) -> None:
        """Stand while a sign of it is given."""
        self.oscillator.held = any(sign.given(self.registers[sign.register]) for sign in self.STILL)

    @override
    def hour_of_day(self) -> int | None:
        """Return 0 to 23 in the mode of the hours, `None` where they are no hour."""
        byte = self.registers[self.HOURS]
        if not byte & self.TWELVE_HOUR:
            return CalendarChip.hour_of_day(self)
        hour = bcd_value(byte & 0x1F)
        return hour % 12 + (12 if byte & self.PM else 0) if 1 <= hour <= 12 else None

    @override
    def count_hours(self, ticks: int) -> int:
        """Count the hours in their mode; what is no hour acts as the last."""
        if not self.registers[self.HOURS] & self.TWELVE_HOUR:
            return CalendarChip.count_hours(self, ticks)
        hour = self.hour_of_day()
        carries, hour = divmod((23 if hour is None else hour) + ticks, 24)
        pm = self.PM if hour >= 12 else 0
        self.registers[self.HOURS] = self.TWELVE_HOUR | pm | BCD[hour % 12 or 12]
        return carries

    @override
    def count_weekdays(self, ticks: int) -> None:
        """Count the weekdays; bits next to them stay."""
        held = self.registers[self.WEEKDAY]
        code, _ = self.WEEKDAY_COUNTER.count(held & 0x07, ticks)
        self.registers[self.WEEKDAY] = held & ~0x07 | code


def time_table(places: Sequence[int], count: int, flags: tuple[Bits, ...] = ()) -> tuple[Bits, ...]:
    """Return the register table of a look-alike: its counters, its flags, all others kept.

    `places` are the registers of what is `TIME_COUNTERS`.
    """
    counters = zip(places, _HIGHEST_BITS, TIME_COUNTERS, strict=True)
    fields = [Bits(place, high, 0, what.upper(), _FIELD, "BCD") for place, high, what in counters]
    table = [*fields, *flags]
    for register in range(count):
        taken = sum(bits.mask for bits in table if bits.register == register)
        for bit in range(8):
            if not taken >> bit & 1:
                kind = _UNUSED if register in places else _KEPT
                table.append(Bits(register, bit, bit, "-", kind, "not distinguished here"))
    return tuple(sorted(table, key=lambda bits: (bits.register, -bits.high)))


_P_FLAGS: Final = (
    Bits(0, 5, 5, "STOP", BitsKind.FLAG, "1 stops the clock", "the clock is stopped"),
    Bits(3, 7, 7, "OS", BitsKind.FLAG, "set while the clock is not guaranteed",
         "the oscillator has stopped"),
)  # fmt: skip


@final
class P8523(LookAlike):
    """NXP PCF8523, product data sheet Rev. 7: control 00h to 02h, time 03h to 09h, OS in 03h."""

    NAME = "PCF8523"
    TABLE = time_table((3, 4, 5, 7, 6, 8, 9), 20, _P_FLAGS)
    REGISTER_NAMES = (
        "Control_1", "Control_2", "Control_3", "Seconds", "Minutes", "Hours", "Days", "Weekdays",
        "Months", "Years", "Minute_alarm", "Hour_alarm", "Day_alarm", "Weekday_alarm", "Offset",
        "Tmr_CLKOUT_ctrl", "Tmr_A_freq_ctrl", "Tmr_A_reg", "Tmr_B_freq_ctrl", "Tmr_B_reg",
    )  # fmt: skip
    DOUBT = Sign(3, 0x80)
    STILL = (Sign(0, 0x20),)
    STOPPED = ()
    RESET = bytes.fromhex("0000e0 80000001060100 80808080 00 00 07 00 07 00")
    NEVER_SET = masks(TABLE, _UNUSED, count=20)
    IMAGE_BYTES = 20 + TAIL_BYTES
    GARBAGE_BYTES = 0
    SECONDS, MINUTES, HOURS, DAY, WEEKDAY, MONTH, YEAR = range(3, 10)
    WEEKDAY_COUNTER = BcdCounter(0x07, 0, 6)
    WEEKDAYS = _SUNDAY_0
    ALARMS = (
        (
            field("minute", 0x0A, 0x7F),
            field("hour", 0x0B, 0x3F),
            field("day", 0x0C, 0x3F),
            field("weekday", 0x0D, 0x07),
        ),
    )

    __slots__ = ()


_M_FLAGS: Final = (
    Bits(11, 7, 7, "SET", BitsKind.FLAG, "1 holds the update", "updates are held"),
    Bits(13, 7, 7, "VRT", BitsKind.FLAG, "0: the battery was empty", "time valid"),
)
_UIP: Final = 0x80
_UIP_BEFORE_US: Final = 244  # Motorola MC146818, "Update-in-progress": at least 244 µs before


@final
class Cmos(LookAlike):
    """The clock of a PC: Motorola MC146818, ADI-856R3, in BCD and 24-hour mode.

    An index and a data port reach one register at a time. UIP in 0Ah announces an update.
    """

    NAME = "MC146818"
    TABLE = time_table((0, 2, 4, 6, 7, 8, 9), 64, _M_FLAGS)
    REGISTER_NAMES = (
        "Seconds", "Seconds_alarm", "Minutes", "Minutes_alarm", "Hours", "Hours_alarm", "Weekday",
        "Day", "Month", "Year", "A", "B", "C", "D", *("RAM" for _ in range(14, 64)),
    )  # fmt: skip
    DOUBT = Sign(13, 0x80, when_set=False)
    STILL = (Sign(11, 0x80),)
    STOPPED = ()
    RESET = bytes.fromhex("00000000000001010100 26 02 00 00") + bytes(50)
    NEVER_SET = bytes(
        mask | {0x0A: _UIP}.get(at, 0) for at, mask in enumerate(masks(TABLE, _UNUSED, count=64))
    )
    IMAGE_BYTES = 64 + TAIL_BYTES
    GARBAGE_BYTES = 0
    SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR = 0, 2, 4, 6, 7, 8, 9
    WEEKDAYS = _FREE_1_7
    ALARMS = (
        (
            AlarmField("second", 1, 0x7F, ((1, 0xC0, (0, 0x40, 0x80)),)),
            AlarmField("minute", 3, 0x7F, ((3, 0xC0, (0, 0x40, 0x80)),)),
            AlarmField("hour", 5, 0x3F, ((5, 0xC0, (0, 0x40, 0x80)),)),
        ),
    )

    __slots__ = ()

    @override
    def on_the_bus(self, at: int, raw: bytes) -> bytes:
        """Show UIP while an update is near."""
        wait_us = self.oscillator.us_until(1)
        if at <= 0x0A < at + len(raw) and wait_us is not None and wait_us <= _UIP_BEFORE_US:
            shown = bytearray(raw)
            shown[0x0A - at] |= _UIP
            return bytes(shown)
        return raw


class WordClock(LookAlike):
    """A clock inside a microcontroller: words of 32 bits, one access each, no shadow between them.

    Word 0 is the time, 1 the date, 2 the part of the second from 0 to 32,767, and 3 the alarm: day,
    hour, minute, second from the top byte down, bit 7 of each set where it is not waited for, bit 6
    of the day set where that is a weekday.
    """

    TABLE = time_table(range(7), 11)
    REGISTER_NAMES = (
        "Seconds", "Minutes", "Hours", "Weekday", "Day", "Month", "Year", "Alarm_second",
        "Alarm_minute", "Alarm_hour", "Alarm_day",
    )  # fmt: skip
    DOUBT = Sign(0, 0x80)
    STILL = ()
    STOPPED = ()
    RESET = bytes.fromhex("00000001010100 80808080")
    NEVER_SET = masks(TABLE, _UNUSED, count=11)
    IMAGE_BYTES = 11 + TAIL_BYTES
    GARBAGE_BYTES = 0
    SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR = range(7)
    WEEKDAYS = _FREE_1_7
    ALARMS = (
        (field("second", 7, 0x7F), field("minute", 8, 0x7F), field("hour", 9, 0x3F),
         *day_or_weekday(10)),
    )  # fmt: skip

    WORD_NAMES: ClassVar[tuple[str, ...]] = ("time", "date", "part of the second", "alarm")

    __slots__ = ()

    def peek(self, register: int) -> int:
        """Return a word as of the last advance; one that is not there is 0."""
        if register == 2:
            return self.oscillator.phase * 32_768 // 10**15
        if register == 3:
            marks = (0x80, 0x80, 0x80, 0xC0)
            alarm = zip(self.registers[7:], marks, strict=True)
            return int.from_bytes(
                bytes(byte & mark | self.out(byte & ~mark) for byte, mark in alarm), "little"
            )
        fields = [self.out(byte) for byte in self.registers[:7]]
        second, minute, hour, weekday, day, month, year = fields
        if register == 0:
            return hour << 16 | minute << 8 | second
        return year << 16 | weekday << 13 | month << 8 | day if register == 1 else 0

    def poke(self, register: int, word: int) -> None:
        """Write a word: the time restarts the second."""
        held = self.registers
        if register == 0:
            time = (word & 0x7F, word >> 8 & 0x7F, word >> 16 & 0x3F)
            held[0:3] = bytes(self.into(field) for field in time)
            self.oscillator.phase = 0
        elif register == 1:
            date = (word >> 13 & 7, word & 0x3F, word >> 8 & 0x1F, word >> 16 & 0xFF)
            held[3:7] = bytes(self.into(field) for field in date)
        elif register == 3:
            for at, byte in enumerate(word.to_bytes(4, "little"), 7):
                mark = 0xC0 if at == 10 else 0x80
                held[at] = byte & mark | self.into(byte & ~mark & 0x7F)

    def out(self, byte: int) -> int:
        """Return a register as a word has it."""
        return byte

    def into(self, field: int) -> int:
        """Return the register of a field of a word."""
        return field


@final
class BcdWords(WordClock):
    """Time 00hhmmss and date 00yywwwmmmmmdddddd in BCD, as in an STM32 (RM0090, 26.6.1, 26.6.2)."""

    NAME = "BCD words"

    __slots__ = ()


@final
class BinaryWords(WordClock):
    """The same words in binary."""

    NAME = "binary words"

    __slots__ = ()

    @override
    def out(self, byte: int) -> int:
        """Return the number."""
        return bcd_value(byte)

    @override
    def into(self, field: int) -> int:
        """Return it as BCD; what is past 99 is garbage, which a chip counts on from."""
        return BCD[field] if field < len(BCD) else 0xFF


@final
class UpdatePromise(NamedTuple):
    """Bits of a register that, read as 0, promise no new second for so long."""

    register: int
    mask: int
    before_us: int


NO_PROMISE: Final = UpdatePromise(-1, 0, 0)


@final
class ChipRow(NamedTuple):
    """A chip of the bench, the address at which it answers, and how long a byte takes."""

    chip: type[CalendarChip]
    address: int
    byte_us: int = BYTE_US
    promise: UpdatePromise = NO_PROMISE


BENCH_CHIPS: Final[Mapping[str, ChipRow]] = {
    **{name: ChipRow(row.chip, row.chip.ADDRESS) for name, row in CLOCK_CHIPS.items()},
    "pcf8523": ChipRow(P8523, 0x68),
    "mc146818": ChipRow(Cmos, 0x70, PORT_US, UpdatePromise(0x0A, _UIP, _UIP_BEFORE_US)),
    "words-bcd": ChipRow(BcdWords, 0, PORT_US),
    "words-binary": ChipRow(BinaryWords, 0, PORT_US),
    **{name: ChipRow(row.chip, row.chip.ADDRESS) for row in CLOCK_CHIPS.values()
       for name in row.chip.ALIKE},
}  # fmt: skip
