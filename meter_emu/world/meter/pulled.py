"""A card that is pulled out of the slot in the middle of a session."""

from collections.abc import Callable
from typing import Final, final

from card_protocol.errors import LinkError, LinkErrorKind
from meter_emu.world.meter.board import SlotCard


@final
class PulledCard:
    """A card that is pulled out after a number of answered commands.

    The next command finds no card; whatever was in progress stays as the card left it.
    """

    def __init__(self, card: SlotCard, answers: int) -> None:
        self._card: Final = card
        self._left = answers

    def power_on(self) -> bytes:
        """Return the ATR, or nothing once the card has gone."""
        return self._card.power_on() if self._left > 0 else b""

    def power_off(self) -> None:
        """Take the power away."""
        self._card.power_off()

    def writing_us(self, command: bytes) -> int:
        """See `SlotCard`."""
        return self._card.writing_us(command) if self._left > 0 else 0

    def tear(self, command: bytes, fate: Callable[[], int]) -> None:
        """See `SlotCard`."""
        self._card.tear(command, fate)

    def transmit(self, command: bytes) -> bytes:
        """Return the R-APDU; raise `LinkError` CARD_GONE once the card was pulled."""
        if self._left <= 0:
            self._card.power_off()
            raise LinkError(LinkErrorKind.CARD_GONE)
        self._left -= 1
        return self._card.transmit(command)
