"""A card in the same process: calls go straight to it."""

from typing import final

from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.link.link import Slotted


@final
class DirectLink:
    """A link to a virtual card that can be pulled out and put back."""

    def __init__(self, card: Slotted) -> None:
        self._card = card
        self._gone = False
        self._connected = False

    def connect(self) -> bytes:
        """Power the card and return its ATR; raise `LinkError` NO_CARD when it was pulled out."""
        if self._gone:
            raise LinkError(LinkErrorKind.NO_CARD)
        self._connected = True
        return self._card.power_on()

    def exchange(self, command: bytes) -> bytes:
        """Return the card's answer.

        Raise `LinkError`: CARD_GONE once the card was pulled out, BROKEN before `connect`.
        """
        if self._gone:
            raise LinkError(LinkErrorKind.CARD_GONE)
        if not self._connected:
            raise LinkError(LinkErrorKind.BROKEN, "not connected")
        return self._card.transmit(command)

    def disconnect(self) -> None:
        """Cut the card's power."""
        self._connected = False
        self._card.power_off()

    def removed(self) -> None:
        """Pull the card out: it loses power at once and answers nothing any more."""
        self.disconnect()
        self._gone = True

    def inserted(self) -> None:
        """Put the card back in, unpowered."""
        self._gone = False
