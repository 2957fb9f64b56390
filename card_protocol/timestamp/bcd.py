"""YYMMDDhhmm in BCD, as prepayment cards carry a date; no look at a calendar."""

from typing import Final

from card_protocol.errors import TimestampError
from card_protocol.timestamp.civil import Civil

# YYMMDDhhmm in BCD, five bytes, as fielded prepayment cards carry it (State Grid Q/GDW 365 order
# file, bytes 10-14). The century is not on the wire; generation 1 cards mean 2000-2099 (ours).
BCD_MINUTE_SIZE_BYTES: Final = 5
BCD_NONE: Final = b"\xff" * BCD_MINUTE_SIZE_BYTES  # ours: no digit is F, so it is never a date
BCD_CENTURY: Final = 2000
_TO_BCD: Final = [tens << 4 | units for tens in range(10) for units in range(10)]

FIELD_RANGES: Final = (
    ("year", 0, 99),
    ("month", 1, 12),
    ("day", 1, 31),
    ("hour", 0, 23),
    ("minute", 0, 59),
)
# For each field its byte by number, and its number by byte; what is not in there is out of range.
_TO_BYTE: Final = [
    {value: _TO_BCD[value] for value in range(low, high + 1)} for _, low, high in FIELD_RANGES
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
        pairs = zip(FIELD_RANGES, (year, month, day, hour, minute), strict=True)
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
        raise TimestampError(f"expected {BCD_MINUTE_SIZE_BYTES} bytes YYMMDDhhmm, got {len(raw)}")
    years, months, days, hours, minutes = _FROM_BYTE
    yy, mm, dd, hour, minute = raw
    try:
        return Civil(BCD_CENTURY + years[yy], months[mm], days[dd], hours[hour], minutes[minute])
    except KeyError:
        triples = zip(FIELD_RANGES, _FROM_BYTE, raw, strict=True)
    (name, low, high), byte = next((field, byte) for field, of, byte in triples if byte not in of)
    raise TimestampError(f"{name} byte {byte:02x} of {raw.hex()} is not BCD {low}-{high}")
