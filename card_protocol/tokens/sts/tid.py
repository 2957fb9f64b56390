"""Token identifiers: whole minutes since a base date in 24 bits, and when they end or expire.

A TID has no time zone. It counts the minutes of the clock on the vending system's wall, so who
turns an instant into a TID must say how far that clock is ahead of UTC: `offset_min`.
"""

from enum import Enum, unique
from typing import Final, final

from card_protocol.errors import TokenError
from card_protocol.timestamp.days import day_number

TID_MAX: Final = 0xFF_FFFF
KEN_NEVER: Final = 0xFF  # a key with this expiry number never expires
_DAY_MIN: Final = 1440
_RESERVED_MIN: Final = 1  # 00:01 of each day belongs to special tokens, which are not sold


@final
@unique
class BaseDate(Enum):
    """The midnight from which TIDs count, in minutes; IEC 62055-41 has these three.

    `Y1993`, `Y2014` and `Y2035` are 1 January 00:00 of 1993, 2014 and 2035 on the clock of the
    vending system.
    """

    Y1993 = 1993
    Y2014 = 2014
    Y2035 = 2035

    @property
    def epoch_min(self) -> int:
        """Minutes from 1970-01-01 00:00 to this base date, on the same clock."""
        return day_number(self.value, 1, 1) * _DAY_MIN


def tid_of(utc_min: int, base: BaseDate, *, offset_min: int) -> int:
    """Return the TID of a token issued at an instant.

    A token issued at 00:01 gets the TID of 00:02, the same as one issued a minute later: the meter
    takes only the first of the two.

    Args:
        utc_min: The instant, in whole minutes since 1970-01-01 00:00 UTC; seconds are dropped.
        base: The date from which the meter counts minutes.
        offset_min: How many minutes the vending system's clock is ahead of UTC.

    Raises:
        TokenError: The instant is before the base date or after its last minute.
    """
    tid = utc_min + offset_min - base.epoch_min
    if tid % _DAY_MIN == _RESERVED_MIN:
        tid += 1
    if not 0 <= tid <= TID_MAX:
        side = "before" if tid < 0 else "after the last minute of"
        raise TokenError("TID", f"the time of issue lies {side} base date {base.value}")
    return tid


def wall_min_of(tid: int, base: BaseDate) -> int:
    """Return the minutes from 1970-01-01 00:00 to a TID, both on the vending system's clock."""
    return base.epoch_min + tid


def is_reserved(tid: int) -> bool:
    """Whether a TID is 00:01 of its day, which no token that is sold has."""
    return tid % _DAY_MIN == _RESERVED_MIN


def is_expired(tid: int, ken: int) -> bool:
    """Whether a token is newer than its key may be used: the upper 8 bits of its TID tell."""
    return tid >> 16 > ken
