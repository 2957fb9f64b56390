"""Dates in decimal digits, a nibble each: BCD, EMV, days of the year, and GSM's swapped octets."""

from dataclasses import dataclass
from typing import Final, final

from typing_extensions import override

from card_protocol.errors import TimestampError
from card_protocol.timestamp.days import date_of, day_number, is_leap
from card_protocol.timestamp.encoding import (
    End,
    EndKind,
    YearCodec,
    year_of_two_digits,
)
from card_protocol.timestamp.stamp import DAY_MS, MINUTE_MS, SECOND_MS, Stamp, stamp_at

_NAMES: Final = {"M": "month", "D": "day", "h": "hour", "m": "minute", "s": "second"}
_QUARTER_MIN: Final = 15
_SIGN_BIT: Final = (
    0x08  # of GSM's zone octet: the high bit of its tens, which lie in the low nibble
)


@final
@dataclass(frozen=True, kw_only=True)
class Digits(YearCodec):
    """A pattern, one letter a nibble: `YYMMDDhhmm`.

    Y year, M month, D day, J day of the year, C century (0 is 19), h m s time; 0 and F are nibbles
    that are always so. Two digits of a year without C turn at `pivot`: up to it they mean 2000 and
    on. With `swapped`, the low nibble comes first and an octet of quarter hours from UTC ends it.
    """

    pattern: str
    pivot: int = 99
    swapped: bool = False

    @property
    @override
    def _year_range(self) -> tuple[int, int]:
        if "C" in self.pattern:
            return 1900, 2899
        if "YYYY" in self.pattern:
            return 1, 9999
        return 1901 + self.pivot, 2000 + self.pivot

    @property
    @override
    def spellings(self) -> int:
        return 159 if self.swapped else 1  # 79 quarter hours to either side, and none

    @override
    def ends(self) -> tuple[End, ...]:
        at = stamp_at(day_number(self._year_range[1] + 1, 1, 1) * DAY_MS, self.step_ms)
        return (End(self.name, EndKind.LAST, self.last, at, f"the digits say {self.first} again"),)

    @override
    def _read(self, raw: bytes) -> Stamp:
        text = raw.hex()
        zone = None
        if self.swapped:
            zone = _zone_of(raw[-1])
            text = "".join(text[at + 1] + text[at] for at in range(0, len(text) - 2, 2))
        numbers: dict[str, int] = {}
        for letter, nibble in zip(self.pattern, text, strict=True):
            if letter in "0F":
                if nibble != letter.lower():
                    raise TimestampError(f"expected {letter} where {nibble} is in {raw.hex()}")
            elif nibble not in "0123456789":
                raise TimestampError(f"{nibble} is no digit in {raw.hex()}")
            else:
                numbers[letter] = 10 * numbers.get(letter, 0) + int(nibble)
        year = self._year_of(numbers)
        if "J" in numbers:
            numbers["M"], numbers["D"] = _date_of_day(year, numbers["J"])
        named = {name: numbers[letter] for letter, name in _NAMES.items() if letter in numbers}
        return Stamp(year=year, offset_min=zone, **named)  # type: ignore[arg-type]  # the ints

    def _year_of(self, numbers: dict[str, int]) -> int:
        if "C" in numbers:
            return 1900 + 100 * numbers["C"] + numbers["Y"]
        if "YYYY" not in self.pattern:
            return year_of_two_digits(numbers["Y"], self.pivot)
        if not numbers["Y"]:
            raise TimestampError("year 0000 is not 1-9999")
        return numbers["Y"]

    @override
    def _write(self, stamp: Stamp) -> bytes:
        year, month, day = self.needs(stamp)
        low, high = self._year_range
        if not low <= year <= high:
            raise TimestampError(f"year {year} is not {low}-{high}")
        in_year = day_number(year, month, day) - day_number(year, 1, 1) + 1
        numbers = {"M": month, "D": day, "J": in_year, "C": (year - 1900) // 100}
        numbers["Y"] = year if "YYYY" in self.pattern else year % 100
        numbers |= {"h": stamp.hour or 0, "m": stamp.minute or 0, "s": stamp.second or 0}
        text = ""
        for at, letter in enumerate(self.pattern):
            behind = self.pattern.count(letter, at + 1)
            text += letter if letter in "0F" else str(numbers[letter] // 10**behind % 10)
        if not self.swapped:
            return bytes.fromhex(text)
        swapped = "".join(text[at + 1] + text[at] for at in range(0, len(text), 2))
        return bytes.fromhex(swapped) + bytes((_zone_byte(stamp.offset_min),))


def _date_of_day(year: int, in_year: int) -> tuple[int, int]:
    most = 366 if is_leap(year) else 365
    if not 1 <= in_year <= most:
        raise TimestampError(f"day {in_year} of {year} is not 1-{most}")
    _, month, day = date_of(day_number(year, 1, 1) + in_year - 1)
    return month, day


def _zone_of(octet: int) -> int:
    """Return the minutes from UTC in GSM's zone octet: tens low with the sign, units high."""
    tens, units = octet & 0x07, octet >> 4
    if units > 9:
        raise TimestampError(f"{units:x} is no digit of the zone {octet:02x}")
    quarters = 10 * tens + units
    if octet & _SIGN_BIT and not quarters:
        raise TimestampError("a zone of minus zero")
    return -quarters * _QUARTER_MIN if octet & _SIGN_BIT else quarters * _QUARTER_MIN


def _zone_byte(offset_min: int | None) -> int:
    if offset_min is None:
        raise TimestampError("it needs the offset from UTC")
    quarters, rest = divmod(abs(offset_min), _QUARTER_MIN)
    if rest or quarters > 79:
        raise TimestampError(f"offset {offset_min} min is no quarter hour within 79")
    tens, units = divmod(quarters, 10)
    return units << 4 | tens | (_SIGN_BIT if offset_min < 0 else 0)


def step_of(pattern: str) -> int:
    """Return the resolution of a pattern, from the finest letter in it."""
    if "s" in pattern:
        return SECOND_MS
    return MINUTE_MS if "m" in pattern else DAY_MS
