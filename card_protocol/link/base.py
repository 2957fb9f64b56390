"""What every way to a card offers a terminal."""

from typing import Protocol


class Link(Protocol):
    """A slot with or without a card in it. All calls raise `LinkError` when the way fails."""

    def connect(self) -> bytes:
        """Power the card and return its ATR; connecting again is a reset."""
        ...

    def exchange(self, command: bytes) -> bytes:
        """Send one C-APDU and return the R-APDU, at least two bytes."""
        ...

    def disconnect(self) -> None:
        """Cut the card's power; harmless when it is already off."""
        ...
