"""A card behind a link in the emulated meter's slot: a real one in a reader, or one being recorded.

The meter's own program must not see the difference, so what a link cannot do becomes what a slot
shows: no answer, or the card is gone. Why it was so is kept for the person at the bench.
"""

from collections.abc import Callable
from typing import final

from card_protocol.errors import LinkError
from card_protocol.link.link import Link


@final
class LinkedCard:
    """Whatever card `link` reaches, as `Board` takes cards.

    A supply that fails inside an exchange finds the emulated meter before its command or after the
    answer, never between: where a real card is in its write is unknown, and it is unpowered
    at the moment the board's time says so.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._powered = False
        self._failure: LinkError | None = None

    @property
    def failure(self) -> LinkError | None:
        """How the link failed first since the card was powered; `None` when it has not."""
        return self._failure

    def power_on(self) -> bytes:
        """Return the ATR, empty where the link finds no card that answers."""
        self._failure, self._powered = None, False
        try:
            atr = self._link.connect()
        except LinkError as failure:
            self._failure = failure
            return b""
        self._powered = True
        return atr

    def power_off(self) -> None:
        """Take the power away; a link never fails in that."""
        self._powered = False
        self._link.disconnect()

    def writing_us(self, command: bytes) -> int:  # noqa: ARG002  nobody can look into a real card
        """Return 0: there is no moment at which a cut is known to find the card writing."""
        return 0

    def tear(self, command: bytes, fate: Callable[[], int]) -> None:  # noqa: ARG002  as above
        """Lose power with the command not sent yet."""
        self.power_off()

    def transmit(self, command: bytes) -> bytes:
        """Return the R-APDU, empty from a card without power, as a virtual one.

        The `LinkError` of a card that is gone or silent passes.
        """
        if not self._powered:
            return b""
        try:
            return self._link.exchange(command)
        except LinkError as failure:
            self._failure = self._failure or failure
            raise
