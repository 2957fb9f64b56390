"""The meter's own words: what it is told, what it does and what it says, whatever card brings it.

No card format is in here: a dialogue translates what its kind of card carries into these words, and
back. Codes are those that the meter stores and shows; the budget card carries the same.
"""

from enum import IntEnum, unique
from typing import Final, final

MWH_PER_UNIT_ELECTRICITY: Final = 1000  # its unit is the watt-hour


@final
@unique
class Energy(IntEnum):
    """Which energy a meter measures."""

    ELECTRICITY = 1
    GAS = 2


@final
@unique
class Result(IntEnum):
    """What became of a card or of its order: shown on the display, written back to the card.

    Below 10h the card was obeyed; from 10h it was refused and nothing of it was executed.
    """

    NONE = 0x00
    EXECUTED = 0x01
    ALREADY_EXECUTED = 0x02
    PENDING = 0x03
    LATER_END_TAKEN = 0x04
    CARD_UNREADABLE = 0x10
    CARD_NOT_GENUINE = 0x11
    WRONG_METER = 0x12
    BAD_FORMAT = 0x13
    BAD_MAC = 0x14
    STALE_ORDER = 0x15
    BAD_DATE = 0x16
    CUT_BEFORE_DEFERRAL = 0x17
    BAD_TOKEN = 0x18
    TARIFF_MISMATCH = 0x19
    WALLET_ROLLED_BACK = 0x1A
    LOAD_TOO_LARGE = 0x1B
    CARD_REMOVED = 0x1C
    METER_NOT_CONFIGURED = 0x1D
    CUT_DISAGREES = 0x1E
    CARD_EXPIRED = 0x1F
    CLOCK_CARD_STALE = 0x20
    CARD_REPLACED = 0x21
    WRONG_ENERGY = 0x28
    NO_LIMITER = 0x29
    NO_NIGHT_HOURS = 0x2A

    @property
    def refused(self) -> bool:
        """Whether nothing of the card was executed."""
        return self >= 0x10
