"""The interface of every connection to a card, and the one that needs no reader.

`DirectLink` calls a virtual card in the same process. Each other link has a file of its own.
"""

from typing import Protocol, final

from card_protocol.errors import LinkError, LinkErrorKind


class Link(Protocol):
    """A slot with or without a card in it: `connect` and `exchange` raise `LinkError` if it fails.

    A link that has failed can be connected again: it then starts afresh.
    """

    def connect(self) -> bytes:
        """Power the card and return its ATR; connecting again is a reset."""
        ...

    def exchange(self, command: bytes) -> bytes:
        """Send `command`, one C-APDU, and return the R-APDU, at least two bytes."""
        ...

    def disconnect(self) -> None:
        """Cut the card's power; harmless when it is already off, and never fails.

        A broken link carries no power either, so there is nothing to report.
        """
        ...


class Slotted(Protocol):
    """A virtual card for a link in this process, bare or over T=0."""

    def power_on(self) -> bytes:
        """Reset the card and return its ATR."""
        ...

    def power_off(self) -> None:
        """Take the power away."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """Return the R-APDU to the C-APDU `command`."""
        ...


@final
class DirectLink:
    """A link to a virtual `card` in this process, which can be pulled out and put back."""

    def __init__(self, card: Slotted) -> None:
        self._card = card
        self._gone = False
        self._connected = False

    def connect(self) -> bytes:
        """Power the card and return its ATR.

        Raises:
            LinkError: NO_CARD, when it was pulled out.
        """
        if self._gone:
            raise LinkError(LinkErrorKind.NO_CARD)
        self._connected = True
        return self._card.power_on()

    def exchange(self, command: bytes) -> bytes:
        """Return the card's answer to the C-APDU `command`.

        Raises:
            LinkError: CARD_GONE once the card was pulled out, BROKEN before `connect`.
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
