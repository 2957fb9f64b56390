"""Encodings of dates and times between bytes and integers, one file a family.

There is no zone here: which instant a civil time names is up to the reader. Nor do the encodings
of our own cards look at a calendar: a field is in range or it is not, and 31 February passes.
"""

from card_protocol.timestamp.bcd import (
    BCD_CENTURY,
    BCD_MINUTE_SIZE_BYTES,
    BCD_NONE,
    decode_bcd_minute,
    encode_bcd_minute,
)
from card_protocol.timestamp.civil import Civil
from card_protocol.timestamp.minutes import EPOCH_2000, EPOCH_2000_MIN, MINUTES_NONE
from card_protocol.timestamp.packed import PACKED_NONE, pack_minute, unpack_minute

__all__ = [
    "BCD_CENTURY",
    "BCD_MINUTE_SIZE_BYTES",
    "BCD_NONE",
    "EPOCH_2000",
    "EPOCH_2000_MIN",
    "MINUTES_NONE",
    "PACKED_NONE",
    "Civil",
    "decode_bcd_minute",
    "encode_bcd_minute",
    "pack_minute",
    "unpack_minute",
]
