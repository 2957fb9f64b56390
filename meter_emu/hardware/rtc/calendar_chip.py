"""What clock chips of this kind have in common: registers as a table, BCD counters, a calendar.

A chip defines its registers and its own behaviour: access, behaviour without power, other bits in a
register. Its table accounts for all eight bits of each, also for those that do nothing here; masks
and words for people are both derived from it, so they cannot disagree. Bit 7 next to the seconds is
not the counter's (VL, CH), bit 7 next to the month is the century where there is one, toggled when
the years overflow. Counters are tables from the raw bits to a position, so that any number of ticks
is one division.

The constants of a chip's class are its *row*, and all that others know of it: images and their
words, stories, hazards and the table of the documentation follow from it. Its driver alone does not
look at it: a mistake in a row that both used would cancel.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from enum import Enum, unique
from functools import cache
from typing import ClassVar, Final, NamedTuple, Self, TypeAlias, final

from card_protocol.errors import LayoutError
from meter_emu.hardware.oscillator import SECOND, Oscillator
from meter_emu.hardware.rtc.alarms import Alarm

BCD: Final = bytes(value // 10 << 4 | value % 10 for value in range(100))


@final
@unique
class BitsKind(Enum):
    """What a group of bits is, here."""

    FIELD = "field"  # a counter or a value the model keeps and uses
    FLAG = "flag"  # one bit with an effect in the model
    NOT_MODELLED = "not modelled"  # kept and read back; what the chip would do with it is left out
    UNUSED = "unused"  # no storage in the chip


@final
class Bits(NamedTuple):
    """Bits `high` to `low` of `register`, with the data sheet's name and what the model does.

    `says` is what a flag tells people when it is set.
    """

    register: int
    high: int
    low: int
    symbol: str
    kind: BitsKind
    note: str = ""
    says: str = ""

    @property
    def mask(self) -> int:
        """The bits as a mask in their register."""
        return (2 << self.high) - (1 << self.low)


Registers: TypeAlias = tuple[tuple[int, int], ...]  # which register holds which byte, in order


@final
class Sign(NamedTuple):
    """A bit by which a chip reports something about itself: by being set, or by being clear."""

    register: int
    mask: int
    when_set: bool = True

    def given(self, byte: int) -> bool:
        """Whether this byte of its register says it."""
        return bool(byte & self.mask) is self.when_set

    def put(self, byte: int, *, given: bool) -> int:
        """Return this byte of its register, saying it or not."""
        return byte | self.mask if given is self.when_set else byte & ~self.mask


@final
class Counter(NamedTuple):
    """The range of a counter, and what it counts; `names` are those of its values, from 0."""

    first: int
    last: int
    unit: str
    names: tuple[str, ...] = ()


def masks(table: Iterable[Bits], *kinds: BitsKind, count: int) -> bytes:
    """Return for each of `count` registers the mask of its bits of these kinds."""
    found = bytearray(count)
    for bits in table:
        if bits.kind in kinds:
            found[bits.register] |= bits.mask
    return bytes(found)


@final
class BcdCounter:
    """A BCD counter from `first` to `last` in `mask`, as a table of positions.

    `values` has for all bits the place from the first value, `None` for bits that are no value.

    Data sheets do not say how a counter goes on from a value outside its range; we do: a value
    past the last, or no BCD at all, acts as the last (the next tick sets it to its first and
    carries), as a comparator for "at least the last" would, and 00 in a counter that starts at 1
    goes to 1. So no garbage can stop a clock, and any number of ticks is one division.
    """

    __slots__ = ("_codes", "_positions", "_span", "values")

    def __init__(self, mask: int, first: int, last: int) -> None:
        self._span: Final = last - first + 1
        self._codes: Final = BCD[first : last + 1]
        self._positions: Final = tuple(
            bcd_value(raw) - first if raw & 0x0F <= 9 and bcd_value(raw) <= last else last - first
            for raw in range(mask + 1)
        )
        values = {code: position for position, code in enumerate(self._codes)}
        self.values: Final = tuple(values.get(raw) for raw in range(mask + 1))

    def count(self, bits: int, ticks: int) -> tuple[int, int]:
        """Return the bits after `ticks` ticks, and how many carries they gave."""
        carries, position = divmod(self._positions[bits] + ticks, self._span)
        return self._codes[position], carries


def bcd_value(bits: int) -> int:
    """Return the value of two digits, each weighed as it stands (0xAF is 10 times 10 plus 15)."""
    return (bits >> 4) * 10 + (bits & 0x0F)


NO_MONTH: Final = 0  # stands for bits that are none of the twelve codes
_MONTH_DAYS: Final = (31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FEBRUARY: Final = 2


class ChipCalendar:
    """The calendar wired into an RTC: two-digit years, every fourth a leap year.

    NXP PCF8563 data sheet, Rev. 10, Table 12 note 1: a 29 February when the year counter is
    divisible by 4 without rest, year 00 included. So the chip has a 29 February 2100.
    """

    __slots__ = ()

    def is_leap(self, yy: int) -> bool:
        """Whether the year the counter shows has a 29 February; `yy` is 0 to 99, garbage to 165."""
        return yy % 4 == 0

    def days_in_month(self, month: int, yy: int) -> int:
        """Return the last day of `month`, which is 1 to 12 or `NO_MONTH`.

        Not said what an impossible month does; we give it 31 days, so the day counter runs out.
        """
        if month == _FEBRUARY and self.is_leap(yy):
            return 29
        return _MONTH_DAYS[month]


_BIT_7: Final = 0x80
_SIXTIES: Final = BcdCounter(0x7F, 0, 59)
_HOURS: Final = BcdCounter(0x3F, 0, 23)
_MONTHS: Final = BcdCounter(0x1F, 1, 12)
_YEARS: Final = BcdCounter(0xFF, 0, 99)
_OF_SECONDS: Final = Counter(0, 59, "second")
_OF_MINUTES: Final = Counter(0, 59, "minute")
OF_HOURS: Final = Counter(0, 23, "hour")
_OF_DAYS: Final = Counter(1, 31, "day")
_OF_MONTHS: Final = Counter(1, 12, "month")
_OF_YEARS: Final = Counter(0, 99, "year")
_PAST_ANY_MONTH: Final = 99  # ours: stands for a day that is no BCD
_DAY_VALUES: Final = tuple(
    bcd_value(raw) if raw & 0x0F <= 9 else _PAST_ANY_MONTH for raw in range(0x40)
)

# offset  size  field
# 0       n     registers, bits that the chip never holds are 0
# n       8     divider phase, big-endian, 1e-15 s
# n + 8   1     flags: bit 0 the crystal oscillates; others 0
PHASE_BYTES: Final = 8
TAIL_BYTES: Final = PHASE_BYTES + 1
_RUNNING: Final = 0x01


class CalendarChip(ABC):
    """Registers on a crystal, as of its last advance: what board and bench know of any chip.

    Times are true microseconds; see the chips for what each call does.
    """

    NAME: ClassVar[str]
    ADDRESS: ClassVar[int] = 0  # on the I²C bus, 7 bits
    ALIKE: ClassVar[tuple[str, ...]] = ()  # others with its registers, as far as drivers set a time
    TABLE: ClassVar[tuple[Bits, ...]]  # every bit of every register
    REGISTER_NAMES: ClassVar[tuple[str, ...]]
    DOUBT: ClassVar[Sign]  # that its time cannot be trusted
    STILL: ClassVar[tuple[Sign, ...]]  # that it has stopped, on the mains; one is enough
    STOPPED: ClassVar[tuple[Registers, ...]]  # what is found in one that somebody stopped
    RESET: ClassVar[bytes]  # after power-up; its length is the number of registers
    NEVER_SET: ClassVar[bytes]  # for each register, the bits that are always 0
    IMAGE_BYTES: ClassVar[int]  # of `to_bytes`
    GARBAGE_BYTES: ClassVar[int]  # what `power_on_reset` takes
    SECONDS: ClassVar[int]
    MINUTES: ClassVar[int]
    HOURS: ClassVar[int]
    WEEKDAY: ClassVar[int]
    DAY: ClassVar[int]
    MONTH: ClassVar[int]
    YEAR: ClassVar[int]
    WEEKDAY_COUNTER: ClassVar[BcdCounter]
    WEEKDAYS: ClassVar[Counter]
    CENTURY: ClassVar[int] = 0  # in the month register, toggled when the years overflow; 0 has none
    TWELVE_HOUR: ClassVar[int] = 0  # in the hours register: counts to 12; 0 has no such mode
    PM: ClassVar[int] = 0  # next to it
    ALARMS: ClassVar[tuple[Alarm, ...]] = ()

    __slots__ = ("calendar", "oscillator", "registers")

    def __init__(self, calendar: ChipCalendar, oscillator: Oscillator) -> None:
        self.calendar = calendar
        self.oscillator = oscillator
        self.registers = bytearray(self.RESET)

    def advance(self, now_us: int) -> None:
        """Count the seconds until `now_us`; how often this is called makes no difference."""
        seconds = self.oscillator.advance(now_us)
        if seconds:
            self.tick(seconds)

    def begin_access(self, start_us: int) -> None:
        """Begin an access at its START: a swap here lets time do something between two of them."""
        self.advance(start_us)

    def on_the_bus(self, at: int, raw: bytes) -> bytes:  # noqa: ARG002 - for a fault in a register
        """Return what a read of registers from `at` on sends: a swap here holds a bit of one."""
        return raw

    @abstractmethod
    def read(self, at: int, count: int, start_us: int, stop_us: int) -> bytes:
        """Read registers in one access."""

    @abstractmethod
    def write(self, at: int, data: bytes, start_us: int, stop_us: int) -> None:
        """Write registers in one access; a torn one is one with fewer bytes, up to `stop_us`."""

    @abstractmethod
    def voltage_low(self) -> None:
        """Raise the chip's own doubt: its supply or oscillator failed."""

    def lose_power(self, now_us: int) -> None:
        """Go on from the backup, on which a chip counts as on the mains."""
        self.advance(now_us)

    def regain_power(self, now_us: int) -> None:
        """Go on from the mains."""
        self.advance(now_us)

    @abstractmethod
    def power_on_reset(self, garbage: bytes, now_us: int) -> None:
        """Start as from an empty supply; `garbage` is what undefined registers come up with."""

    def upset(self, registers: Iterable[tuple[int, int]]) -> None:
        """Let registers hold other bytes from now on, where the chip has those bits."""
        for at, byte in registers:
            self.registers[at] = byte & ~self.NEVER_SET[at]
        self.obey_registers()

    @abstractmethod
    def obey_registers(self) -> None:
        """Hold the divider, or let it go, as registers say that were just written or loaded."""

    def second_of_day(self, now_us: int) -> int | None:
        """Return 0 to 86,399, or `None` when hours, minutes and seconds are no time of day."""
        self.advance(now_us)
        hours, registers = self.hour_of_day(), self.registers
        minutes = _SIXTIES.values[registers[self.MINUTES]]
        seconds = _SIXTIES.values[registers[self.SECONDS] & ~_BIT_7]
        if hours is None or minutes is None or seconds is None:
            return None
        return hours * 3600 + minutes * 60 + seconds

    def us_until_second_of_day(self, second: int, shown: int) -> int | None:
        """Return the true µs until `second` of today's RTC day shows; `shown` is the second now.

        "Now" is the moment `second_of_day` was asked for last. 86,400 is the next RTC midnight; a
        second already shown gives 0. `None` when the clock is stopped. Accesses to the chip can
        move it.
        """
        return self.oscillator.us_until(max(0, second - shown))

    def hour_of_day(self) -> int | None:
        """Return 0 to 23 from the hours register, `None` when it holds no hour."""
        return _HOURS.values[self.registers[self.HOURS]]

    def tick(self, seconds: int) -> None:
        """Give the counters one or more ticks of one second."""
        minutes = self.count_seconds(seconds)
        hours = minutes and self.count_minutes(minutes)
        days = hours and self.count_hours(hours)
        if days:
            self.count_weekdays(days)
            self.count_days(days)

    def count_seconds(self, ticks: int) -> int:
        """Count the seconds; return the carries into minutes. Bit 7 stays."""
        shown = self.registers[self.SECONDS]
        code, carries = _SIXTIES.count(shown & ~_BIT_7, ticks)
        self.registers[self.SECONDS] = shown & _BIT_7 | code
        return carries

    def count_minutes(self, ticks: int) -> int:
        """Count the minutes; return the carries into hours."""
        at = self.MINUTES
        self.registers[at], carries = _SIXTIES.count(self.registers[at], ticks)
        return carries

    def count_hours(self, ticks: int) -> int:
        """Count the hours; return the carries into days and weekdays."""
        at = self.HOURS
        self.registers[at], carries = _HOURS.count(self.registers[at], ticks)
        return carries

    def count_weekdays(self, ticks: int) -> None:
        """Count the weekdays, which nothing ties to the date."""
        at = self.WEEKDAY
        self.registers[at], _ = self.WEEKDAY_COUNTER.count(self.registers[at], ticks)

    def count_days(self, ticks: int) -> None:
        """Count the days, month by month, and what follows from it."""
        day = _DAY_VALUES[self.registers[self.DAY]]
        while ticks > (room := max(0, self.month_length() - day)):
            ticks -= room + 1
            day = 1
            self.count_month()
        self.registers[self.DAY] = BCD[day + ticks]

    def month_length(self) -> int:
        """Return the last day of the month the registers show."""
        place = _MONTHS.values[self.registers[self.MONTH] & 0x1F]
        month = NO_MONTH if place is None else place + 1
        return self.calendar.days_in_month(month, bcd_value(self.registers[self.YEAR]))

    def count_month(self) -> None:
        """Count one month, and the year and the century bit with it."""
        shown = self.registers[self.MONTH]
        code, years = _MONTHS.count(shown & 0x1F, 1)
        self.registers[self.MONTH] = shown & _BIT_7 | code
        if years:
            self.registers[self.YEAR], overflowed = _YEARS.count(self.registers[self.YEAR], 1)
            if overflowed:
                self.registers[self.MONTH] ^= self.CENTURY

    def start_afresh(self, now_us: int) -> None:
        """Come up reset, with the crystal running and the divider at 0."""
        self.registers[:] = self.RESET
        self.oscillator.advance(now_us)
        self.oscillator.phase = 0
        self.oscillator.running = True
        self.oscillator.held = False

    def to_bytes(self, now_us: int) -> bytes:
        """Return the chip's part of a meter image as of `now_us`."""
        self.advance(now_us)
        phase = self.oscillator.phase.to_bytes(PHASE_BYTES, "big")
        flags = _RUNNING if self.oscillator.running else 0
        return bytes(self.registers) + phase + bytes((flags,))

    @classmethod
    def from_bytes(cls, raw: bytes, calendar: ChipCalendar, oscillator: Oscillator) -> Self:
        """Return the chip of an image, powered; its crystal's `at_us` is the image's instant."""
        count = len(cls.RESET)
        _require(cls.NAME, len(raw) == count + TAIL_BYTES, 0, f"{count + TAIL_BYTES} bytes", raw)
        for at, never in enumerate(cls.NEVER_SET):
            _require(cls.NAME, not raw[at] & never, at, f"bits {never:02x} clear", raw[at : at + 1])
        phase, flags = raw[count:-1], raw[-1:]
        below = f"a phase below {SECOND}"
        _require(cls.NAME, int.from_bytes(phase, "big") < SECOND, count, below, phase)
        _require(cls.NAME, flags[0] <= _RUNNING, count + PHASE_BYTES, "flags 00 or 01", flags)
        chip = cls(calendar, oscillator)
        chip.registers[:] = raw[:count]
        oscillator.running = flags[0] == _RUNNING
        chip.obey_registers()
        oscillator.phase = int.from_bytes(phase, "big")
        return chip


@cache
def counters(chip: type[CalendarChip]) -> Mapping[int, tuple[int, Counter]]:
    """Return for each register that counts its bits of the counter, and what they count."""
    bits = masks(chip.TABLE, BitsKind.FIELD, count=len(chip.RESET))
    found = {
        chip.SECONDS: _OF_SECONDS,
        chip.MINUTES: _OF_MINUTES,
        chip.HOURS: OF_HOURS,
        chip.WEEKDAY: chip.WEEKDAYS,
        chip.DAY: _OF_DAYS,
        chip.MONTH: _OF_MONTHS,
        chip.YEAR: _OF_YEARS,
    }
    return {register: (bits[register], counter) for register, counter in found.items()}


def _require(name: str, met: bool, offset: int, expected: str, got: bytes) -> None:
    if not met:
        said = got.hex() if len(got) <= PHASE_BYTES else f"{len(got)} bytes"
        raise LayoutError(name, offset=offset, expected=expected, got=said)
