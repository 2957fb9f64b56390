"""What every way to a card offers a terminal."""

from typing import Protocol


class Link(Protocol):
    """A slot with or without a card in it: `connect` and `exchange` raise `LinkError` if it fails.

    A link that has failed can be connected again: it then starts afresh.
    """

    def connect(self) -> bytes:
        """Power the card and return its ATR; connecting again is a reset."""
        ...

    def exchange(self, command: bytes) -> bytes:
        """Send one C-APDU and return the R-APDU, at least two bytes."""
        ...

    def disconnect(self) -> None:
        """Cut the card's power; harmless when it is already off, and never fails.

        A way that is broken carries no power either, so there is nothing to report.
        """
        ...


class Slotted(Protocol):
    """What a link in this process can have in its slot: a virtual card, bare or over T=0."""

    def power_on(self) -> bytes:
        """Reset the card and return its ATR."""
        ...

    def power_off(self) -> None:
        """Take the power away."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """Return the R-APDU."""
        ...
