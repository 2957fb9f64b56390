"""Dates in bit fields of one integer: FAT, M-Bus F, G and I, CP56Time2a, our packed minute."""

from dataclasses import dataclass
from enum import Enum, unique
from typing import NamedTuple, final

from typing_extensions import override

from card_protocol.errors import TimestampError
from card_protocol.timestamp.counts import ByteOrder
from card_protocol.timestamp.days import day_number
from card_protocol.timestamp.encoding import (
    End,
    EndKind,
    YearCodec,
    two_digits_of_year,
    year_of_two_digits,
)
from card_protocol.timestamp.stamp import DAY_MS, NO_HUNDREDS, SECOND_MS, Stamp, stamp_at


class Bits(NamedTuple):
    """A field: its pieces as (lowest bit, width), the low piece first, and what its numbers mean.

    Numbers from 0 to `high` times `scale` plus `base` are the field; `every` means "not
    specified". A field without a limit takes all its numbers.
    """

    pieces: tuple[tuple[int, int], ...]
    high: int | None = None
    low: int = 0
    every: int | None = None
    scale: int = 1
    base: int = 0

    @property
    def top(self) -> int:
        """The highest number that fits."""
        return (1 << sum(width for _, width in self.pieces)) - 1

    def cut(self, value: int) -> int:
        """Return the number that an integer holds in this field."""
        number = shift = 0
        for lowest, width in self.pieces:
            number |= (value >> lowest & (1 << width) - 1) << shift
            shift += width
        return number

    def put(self, number: int) -> int:
        """Return an integer that holds the number in this field and 0 elsewhere."""
        value = 0
        for lowest, width in self.pieces:
            value |= (number & (1 << width) - 1) << lowest
            number >>= width
        return value


def at_bit(lowest: int, width: int, high: int | None = None, **more: int) -> Bits:
    """Return a field in one piece."""
    return Bits(((lowest, width),), high, **more)


@final
@unique
class Years(Enum):
    """How a year is written."""

    BASE = "years since a base"
    PIVOT = "two digits around a pivot"
    HUNDREDS = "two digits and hundreds after 1900"


@final
@dataclass(frozen=True, kw_only=True)
class BitFields(YearCodec):
    """Bit fields of one integer.

    `fields` are those of a `Stamp` by name, of which `second_ms` holds seconds and milliseconds in
    one. `marks` are bits with a name that is a flag when they are set, `spare` bits are such marks
    without a meaning. `extras` are numbers of this encoding. `weekday_unset` is the number that
    says no weekday.
    """

    fields: tuple[tuple[str, Bits], ...]
    years: Years
    year_base: int  # or the pivot
    order: ByteOrder = "little"
    marks: tuple[tuple[int, str], ...] = ()
    spare: tuple[int, ...] = ()
    extra_fields: tuple[tuple[str, Bits], ...] = ()
    hundreds: Bits | None = None
    summer_bit: int | None = None

    # Ranges ---------------------------------------------------------------------------------------

    @property
    def year_field(self) -> Bits:
        """The field of the year, as it is written."""
        return dict(self.fields)["year"]

    def may_mean(self, number: int, years: range) -> bool:
        """Whether the year field's number is one of these years, whatever its hundreds are."""
        if self.years is Years.BASE:
            return self.year_base + number in years
        return any(year % 100 == number for year in years)

    @property
    @override
    def _year_range(self) -> tuple[int, int]:
        if self.years is Years.PIVOT:
            return 1901 + self.year_base, 2000 + self.year_base
        if self.years is Years.HUNDREDS:
            return 1901 + self.year_base, 2299
        most = self.year_field.high
        return self.year_base, self.year_base + (self.year_field.top if most is None else most)

    @property
    @override
    def spellings(self) -> int:
        total = 2 if self.summer_bit is not None else 1
        if any(name == "weekday" for name, _ in self.fields):
            total *= 2  # the day's own, or none
        for _, field in self.extra_fields:
            total *= field.top + 1
        return total

    @override
    def ends(self) -> tuple[End, ...]:
        at = stamp_at(day_number(self._year_range[1] + 1, 1, 1) * DAY_MS, self.step_ms)
        return (End(self.name, EndKind.LAST, self.last, at, f"the year is that of {self.first}"),)

    # Bytes ----------------------------------------------------------------------------------------

    @override
    def _read(self, raw: bytes) -> Stamp:
        value = int.from_bytes(raw, self.order)
        found: dict[str, int | None] = {}
        for name, field in self.fields:
            number = field.cut(value)
            if number == field.every:
                continue
            if not field.low <= number <= (field.top if field.high is None else field.high):
                raise TimestampError(f"{name} {number} is not {field.low}-{field.high}")
            found[name] = number * field.scale + field.base
        flags = [name for bit, name in self.marks if value >> bit & 1]
        flags += [f"spare bit {bit}" for bit in self.spare if value >> bit & 1]
        if (digits := found.pop("year", None)) is not None:
            found["year"], more = self._year(digits, value)
            flags += more
        elif self.hundreds is not None and (hundreds := self.hundreds.cut(value)):
            flags.append(f"hundreds {hundreds} of no year")
        if (ms := found.pop("second_ms", None)) is not None:
            found["second"], found["millisecond"] = divmod(ms, SECOND_MS)
        extras = [(name, field.cut(value)) for name, field in self.extra_fields]
        return Stamp(
            summer=None if self.summer_bit is None else bool(value >> self.summer_bit & 1),
            flags=tuple(flags),
            extras=tuple((name, number) for name, number in extras if number),
            **found,  # type: ignore[arg-type]  # the numbers of fields
        )

    def _year(self, digits: int, value: int) -> tuple[int, list[str]]:
        """Return the year, and what is odd about how it is written."""
        if self.years is Years.BASE:
            return self.year_base + digits, []
        if self.years is Years.PIVOT or self.hundreds is None:
            return year_of_two_digits(digits, self.year_base), []
        hundreds = self.hundreds.cut(value)
        if not hundreds and digits <= self.year_base:
            return 2000 + digits, [NO_HUNDREDS]
        return 1900 + 100 * hundreds + digits, []

    @override
    def _write(self, stamp: Stamp) -> bytes:
        value = 0
        for name, field in self.fields:
            wanted = self._wanted(name, stamp)
            if wanted is None:
                if field.every is None:
                    raise TimestampError(f"it needs the {name.removesuffix('_ms')}")
                value |= field.put(field.every)
                continue
            number, rest = divmod(wanted - field.base, field.scale)
            if rest or not field.low <= number <= (field.top if field.high is None else field.high):
                raise TimestampError(f"{name} {wanted} cannot be written")
            value |= field.put(number)
        if self.hundreds is not None and stamp.year is not None:
            short = NO_HUNDREDS in stamp.flags
            value |= self.hundreds.put(0 if short else (stamp.year - 1900) // 100)
        if self.summer_bit is not None and stamp.summer:
            value |= 1 << self.summer_bit
        for name, number in stamp.extras:
            fields = dict(self.extra_fields)
            if name not in fields or not 0 < number <= fields[name].top:
                raise TimestampError(f"it has no room for {name} {number}")
            value |= fields[name].put(number)
        return (value | self._marked(stamp)).to_bytes(self.size_bytes, self.order)

    def _wanted(self, name: str, stamp: Stamp) -> int | None:
        """Return the number of a field, the year as it is written."""
        if name == "second_ms":
            return None if stamp.second is None else stamp.time_ms % 60_000
        wanted: int | None = getattr(stamp, name)
        if name != "year" or wanted is None:
            return wanted
        low, high = self._year_range
        if not low <= wanted <= high:
            raise TimestampError(f"year {wanted} is not {low}-{high}")
        if self.years is Years.BASE:
            return wanted - self.year_base
        if self.years is Years.PIVOT:
            return two_digits_of_year(wanted, self.year_base)
        return wanted % 100

    def _marked(self, stamp: Stamp) -> int:
        """Return the bits of the marks; raise `TimestampError` for one that there is not."""
        known = {name: 1 << bit for bit, name in self.marks}
        known |= {f"spare bit {bit}": 1 << bit for bit in self.spare}
        value = 0
        for flag in stamp.flags:
            if flag in known:
                value |= known[flag]
            elif flag.startswith("hundreds ") and self.hundreds is not None and stamp.year is None:
                value |= self.hundreds.put(int(flag.split()[1]))
            elif flag != NO_HUNDREDS or self.hundreds is None:
                raise TimestampError(f"it has no mark {flag!r}")
        return value
