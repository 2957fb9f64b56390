"""Dates and times as they stand on a wire: encodings between bytes and plain integers.

There is no calendar and no zone here: a field is in range or it is not, and whether 31 February
exists, or what instant a civil time names, is up to the reader. Encodings differ
in range, resolution and in the values that mean "none", and each says so.
"""

from typing import Final, NamedTuple

from card_protocol.errors import TimestampError


class Civil(NamedTuple):
    """A date and wall-clock minute without zone: year in full, month 1-12, day 1-31."""

    year: int
    month: int
    day: int
    hour: int
    minute: int

    def __str__(self) -> str:
        """Return the civil time as `2020-07-03 23:01`."""
        return f"{self.year:04}-{self.month:02}-{self.day:02} {self.hour:02}:{self.minute:02}"


# YYMMDDhhmm in BCD, five bytes, as fielded prepayment cards carry it (State Grid Q/GDW 365 order
# file, bytes 10-14). The century is not on the wire; generation 1 cards mean 2000-2099 (ours).
BCD_MINUTE_SIZE_BYTES: Final = 5
BCD_NONE: Final = b"\xff" * BCD_MINUTE_SIZE_BYTES  # ours: no digit is F, so it is never a date
BCD_CENTURY: Final = 2000
_TO_BCD: Final = [tens << 4 | units for tens in range(10) for units in range(10)]

_RANGES: Final = (
    ("year", 0, 99),
    ("month", 1, 12),
    ("day", 1, 31),
    ("hour", 0, 23),
    ("minute", 0, 59),
)
# For each field its byte by number, and its number by byte; what is not in there is out of range.
_TO_BYTE: Final = [
    {value: _TO_BCD[value] for value in range(low, high + 1)} for _, low, high in _RANGES
]
_FROM_BYTE: Final = [{byte: value for value, byte in of.items()} for of in _TO_BYTE]


def encode_bcd_minute(when: Civil | None) -> bytes:
    """Return the five BCD bytes of `when`, or the "none" value.

    Raise `TimestampError` for a year outside 2000-2099 or a field out of range.
    """
    if when is None:
        return BCD_NONE
    years, months, days, hours, minutes = _TO_BYTE
    year, month, day, hour, minute = when
    year -= BCD_CENTURY
    try:
        return bytes((years[year], months[month], days[day], hours[hour], minutes[minute]))
    except KeyError:
        pairs = zip(_RANGES, (year, month, day, hour, minute), strict=True)
    name = next(name for (name, low, high), value in pairs if not low <= value <= high)
    raise TimestampError(f"{name} of {when} is outside the range of YYMMDDhhmm")


def decode_bcd_minute(raw: bytes) -> Civil | None:
    """Return the civil time in five BCD bytes, `None` for the "none" value.

    Raise `TimestampError` for a nibble above 9 or a field out of range. The day is only known to
    be 1-31: 31 February passes here.
    """
    if raw == BCD_NONE:
        return None
    if len(raw) != BCD_MINUTE_SIZE_BYTES:
        raise TimestampError(f"want {BCD_MINUTE_SIZE_BYTES} bytes YYMMDDhhmm, got {len(raw)}")
    years, months, days, hours, minutes = _FROM_BYTE
    yy, mm, dd, hour, minute = raw
    try:
        return Civil(BCD_CENTURY + years[yy], months[mm], days[dd], hours[hour], minutes[minute])
    except KeyError:
        triples = zip(_RANGES, _FROM_BYTE, raw, strict=True)
    (name, low, high), byte = next((field, byte) for field, of, byte in triples if byte not in of)
    raise TimestampError(f"{name} byte {byte:02x} of {raw.hex()} is not BCD {low}-{high}")


# A civil minute in 27 bits of an unsigned 32-bit integer (ours, as FAT packs its dates): year since
# 2000, month, day, hour, minute in 7, 4, 5, 5 and 6 bits from the top; the five bits above are 0.
PACKED_NONE: Final = 0xFFFFFFFF
_BITS: Final = (7, 4, 5, 5, 6)


def pack_minute(when: Civil | None) -> int:
    """Return `when` as a packed minute, or the "none" value.

    Raise `TimestampError` for a year outside 2000-2099 or a field out of range.
    """
    if when is None:
        return PACKED_NONE
    values = (when.year - BCD_CENTURY, when.month, when.day, when.hour, when.minute)
    packed = 0
    for (name, low, high), bits, value in zip(_RANGES, _BITS, values, strict=True):
        if not low <= value <= high:
            raise TimestampError(f"{name} of {when} is outside the range of a packed minute")
        packed = packed << bits | value
    return packed


def unpack_minute(packed: int) -> Civil | None:
    """Return the civil time in a packed minute, `None` for the "none" value.

    Raise `TimestampError` for a field out of range; 31 February passes here.
    """
    if packed == PACKED_NONE:
        return None
    rest, values = packed, []
    for (name, low, high), bits in zip(reversed(_RANGES), reversed(_BITS), strict=True):
        rest, value = rest >> bits, rest & (1 << bits) - 1
        if not low <= value <= high:
            raise TimestampError(f"{name} of packed minute {packed:08x} is not {low}-{high}")
        values.append(value)
    if rest:
        raise TimestampError(f"packed minute {packed:08x} has bits above its year")
    minute, hour, day, month, year = values
    return Civil(BCD_CENTURY + year, month, day, hour, minute)


# Whole minutes since 2000-01-01 00:00 UTC in an unsigned 32-bit integer (ours): ends in 10166.
EPOCH_2000: Final = Civil(2000, 1, 1, 0, 0)
EPOCH_2000_MIN: Final = 15_778_080  # the same in minutes since 1970-01-01 00:00 UTC
MINUTES_NONE: Final = 0xFFFFFFFF
