"""What RTC chips have in common: register bits as a table, BCD counters, and a calendar.

A chip's register table accounts for all eight bits of each register, also for those that do
nothing here. Its masks and the words for people are both derived from that table, so they cannot
disagree. Counters are tables from the raw bits to a position, so that any number of
ticks is one division.
"""

from collections.abc import Iterable
from enum import Enum, unique
from typing import Final, NamedTuple, TypeAlias, final

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
    """A bit by which a chip says something of itself: by being set, or by being clear."""

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

    def count(self, raw: int, ticks: int) -> tuple[int, int]:
        """Return the bits after `ticks` ticks, and how many carries they gave."""
        carries, position = divmod(self._positions[raw] + ticks, self._span)
        return self._codes[position], carries


def bcd_value(raw: int) -> int:
    """Return the value of two digits, each weighed as it stands (0xAF is 10 times 10 plus 15)."""
    return (raw >> 4) * 10 + (raw & 0x0F)


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
