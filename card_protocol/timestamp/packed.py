"""A civil minute packed into 27 bits; no look at a calendar."""

from typing import Final

from card_protocol.errors import TimestampError
from card_protocol.timestamp.bcd import BCD_CENTURY, FIELD_RANGES
from card_protocol.timestamp.civil import Civil

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
    for (name, low, high), bits, value in zip(FIELD_RANGES, _BITS, values, strict=True):
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
    for (name, low, high), bits in zip(reversed(FIELD_RANGES), reversed(_BITS), strict=True):
        rest, value = rest >> bits, rest & (1 << bits) - 1
        if not low <= value <= high:
            raise TimestampError(f"{name} of packed minute {packed:08x} is not {low}-{high}")
        values.append(value)
    if rest:
        raise TimestampError(f"packed minute {packed:08x} has bits above its year")
    minute, hour, day, month, year = values
    return Civil(BCD_CENTURY + year, month, day, hour, minute)
