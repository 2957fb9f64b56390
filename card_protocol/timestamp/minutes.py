"""Whole minutes since an epoch: the epoch of generation 2 cards and of the meter's memory."""

from typing import Final

from card_protocol.timestamp.civil import Civil

# Whole minutes since 2000-01-01 00:00 UTC in an unsigned 32-bit integer (ours): ends in 10166.
EPOCH_2000: Final = Civil(2000, 1, 1, 0, 0)
EPOCH_2000_MIN: Final = 15_778_080  # the same in minutes since 1970-01-01 00:00 UTC
MINUTES_NONE: Final = 0xFFFFFFFF
