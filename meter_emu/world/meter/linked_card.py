"""A card behind a link in the emulated meter's slot: a real one in a reader, or one being recorded.

The meter's program must not see the difference, so a failed link looks like a slot with no answer
or no card. The cause is kept for the person at the bench.
"""

from collections.abc import Callable

from card_protocol.errors import LinkError
from card_protocol.link.link import Link


class LinkedCard:
    """The card that `link` reaches, as a `SlotCard`.

    A supply that fails inside an exchange finds the emulated meter before its command or after the
    answer, never between: where a real card is in its write is unknown, and it is unpowered at the
    moment the board's time says so.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._powered = False
        self._failure: LinkError | None = None

    @property
    def failure(self) -> LinkError | None:
        """The link's first failure since the card was powered; `None` if it has not failed."""
        return self._failure

    def power_on(self) -> bytes:
        """Return the ATR, empty if the link finds no card that answers."""
        self._failure, self._powered = None, False
        try:
            atr = self._link.connect()
        except LinkError as failure:
            self._failure = failure
            return b""
        self._powered = True
        return atr

    def power_off(self) -> None:
        """Take the power away; no link fails in that."""
        self._powered = False
        self._link.disconnect()

    def writing_us(self, command: bytes) -> int:  # noqa: ARG002  nobody can look into a real card
        """Return 0: it is never known when a cut would find the card writing."""
        return 0

    def tear(self, command: bytes, fate: Callable[[], int]) -> None:  # noqa: ARG002  as above
        """Lose power with the command not sent yet."""
        self.power_off()

    def transmit(self, command: bytes) -> bytes:
        """Return the R-APDU; empty from a card without power, as for a virtual one.

        Raise the `LinkError` of a card that is gone or silent.
        """
        if not self._powered:
            return b""
        try:
            return self._link.exchange(command)
        except LinkError as failure:
            self._failure = self._failure or failure
            raise
