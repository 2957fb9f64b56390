"""Dates of a byte a field, in every order that people expect: BCD or binary, with a weekday or not.

What a clock chip, a bus or a file of somebody else's holds is seldom a standard's own encoding. An
order is a string, one letter a byte: `smhWDMY` is what DL/T 645 and a DS1307 have.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, final

from typing_extensions import override

from card_protocol.errors import TimestampError
from card_protocol.timestamp.days import day_number, weekday
from card_protocol.timestamp.digits import step_of
from card_protocol.timestamp.encoding import NO_CENTURY, NO_ZONE, Basis, End, EndKind, YearCodec
from card_protocol.timestamp.stamp import DAY_MS, Stamp, stamp_at

_FIELDS: Final = {"M": "month", "D": "day", "h": "hour", "m": "minute", "s": "second"}
_WORDS: Final = {"C": "YY", "W": "WW", "h": "hh", "m": "mm", "s": "ss"}
_WEEK: Final = 7
_DIGIT_MAX: Final = 9
_LAST_YEAR: Final = 9999


@final
@dataclass(frozen=True, kw_only=True)
class ByteFields(YearCodec):
    """A byte a field: C and Y year, M month, D day, W weekday (0 is Sunday), h m s time.

    With C the year is whole: two BCD digits each, or 16 bits with the high byte first. Without it,
    it is 2000 to 2099. A weekday that is the date's own is not said again in the stamp.
    """

    order: str
    bcd: bool

    @property
    @override
    def _year_range(self) -> tuple[int, int]:
        return (1, _LAST_YEAR) if "C" in self.order else (2000, 2099)

    @property
    @override
    def spellings(self) -> int:
        return 1

    @override
    def ends(self) -> tuple[End, ...]:
        at = stamp_at(day_number(self._year_range[1] + 1, 1, 1) * DAY_MS, self.step_ms)
        return (End(self.name, EndKind.LAST, self.last, at, f"the year is that of {self.first}"),)

    @property
    def year_at(self) -> int:
        """The byte that the two digits, or the low byte, of the year lie in."""
        return self.order.index("Y")

    def year_byte(self, year: int) -> int:
        """Return that byte of a year."""
        number = year % (100 if self.bcd or "C" not in self.order else 256)
        return self._byte(number)

    @override
    def _read(self, raw: bytes) -> Stamp:
        numbers = {
            letter: self._value_of(byte, raw) for letter, byte in zip(self.order, raw, strict=True)
        }
        year = numbers["Y"] + (100 if self.bcd else 256) * numbers["C"] if "C" in numbers else (
            2000 + numbers["Y"])  # fmt: skip
        low, high = self._year_range
        if not low <= year <= high:
            raise TimestampError(f"year {year} is not {low}-{high}")
        named = {name: numbers[letter] for letter, name in _FIELDS.items() if letter in numbers}
        stamp = Stamp(year=year, **named)  # type: ignore[arg-type]  # the ints
        if "W" not in numbers:
            return stamp
        if numbers["W"] >= _WEEK:
            raise TimestampError(f"weekday {numbers['W']} is not 0-6")
        stamp.check()
        written = numbers["W"] or _WEEK
        return stamp if written == weekday(stamp.day_number) else replace(stamp, weekday=written)

    @override
    def _write(self, stamp: Stamp) -> bytes:
        year, month, day = self.needs(stamp)
        low, high = self._year_range
        if not low <= year <= high:
            raise TimestampError(f"year {year} is not {low}-{high}")
        written = stamp.weekday or weekday(stamp.day_number)
        if "W" in self.order and stamp.weekday == weekday(stamp.day_number):
            raise TimestampError("the weekday is the date's own: leave it out")
        numbers = {
            "C": year // (100 if self.bcd else 256),
            "Y": year % (256 if "C" in self.order and not self.bcd else 100),
            "M": month, "D": day, "W": written % _WEEK,
            "h": stamp.hour or 0, "m": stamp.minute or 0, "s": stamp.second or 0,
        }  # fmt: skip
        return bytes(self._byte(numbers[letter]) for letter in self.order)

    def _value_of(self, byte: int, raw: bytes) -> int:
        if not self.bcd:
            return byte
        tens, units = byte >> 4, byte & 0x0F
        if tens > _DIGIT_MAX or units > _DIGIT_MAX:
            raise TimestampError(f"{byte:02x} has no two digits in {raw.hex()}")
        return 10 * tens + units

    def _byte(self, number: int) -> int:
        return number // 10 << 4 | number % 10 if self.bcd else number


_YEAR_ORDERS: Final = ("YMD", "YMDhm", "YMDhms", "DMY", "DMYhm", "DMYhms")
_ORDERS: Final = (
    *_YEAR_ORDERS, *(order.replace("Y", "CY") for order in _YEAR_ORDERS),
    "mhDMY", "smhDMY", "hmsDMY", "WDMY", "YMDW", "YMDWhms", "smhWDMY", "smhDWMY",
)  # fmt: skip
_OF_THEIR_OWN: Final = frozenset({"YMD", "YMDhm", "YMDhms", "CYMDhms"})  # rows of `digit_codecs`
_SOURCES: Final = {
    "smhWDMY": "DL/T 645-2007, low byte first; DS1307 data sheet, registers 00h to 06h",
    "smhDWMY": "PCF8563 data sheet, registers 02h to 08h without their other bits",
    "WDMY": "DL/T 645-2007, 04000101, low byte first",
    "mhDMY": "DL/T 645-2007, times of records, low byte first",
}


def _family() -> Iterator[ByteFields]:
    """Yield each order in each form that is no row elsewhere."""
    for bcd in (True, False):
        for order in _ORDERS:
            if bcd and order in _OF_THEIR_OWN:
                continue
            words = "".join(_WORDS.get(letter, 2 * letter) for letter in order)
            cannot: tuple[str, ...] = (NO_ZONE if "h" in order else "a time of day",)
            cannot = cannot if "C" in order else (*cannot, NO_CENTURY)
            yield ByteFields(
                name=f"{'bcd' if bcd else 'bin'}-{words.lower()}",
                title=f"{'BCD' if bcd else 'binary'} {words}",
                size_bytes=len(order),
                basis=Basis.CIVIL,
                step_ms=step_of(order),
                source=_SOURCES.get(order, "an order of fields that people expect") if bcd else (
                    "the same with a binary number in each byte"),
                cannot=cannot,
                carries=frozenset({"weekday"} if "W" in order else ()),
                order=order,
                bcd=bcd,
            )  # fmt: skip


BYTE_FIELDS: Final = tuple(_family())
