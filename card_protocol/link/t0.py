"""A virtual card at the far end of a contact: every exchange travels as T=0 characters.

It replaces a card in a `DirectLink` or a meter's slot, with the same answers: the transfer takes
longer, is counted, and can be cut anywhere.
"""

from typing import Final, final

from card_protocol.atr import Atr
from card_protocol.card.commands import Fate
from card_protocol.card.image import CardImage
from card_protocol.card.virtual import FileCard
from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.t0 import WAITING_ETU, Answering, Asking, Line, Manner


@final
class CardOverT0:
    """`card`, which must be one that speaks T=0, behind a contact; `line` counts what passes.

    `manner` is how the card uses the procedure bytes: by default none is NULL, and all data go at
    once.
    """

    def __init__(self, card: FileCard, manner: Manner | None = None) -> None:
        self._card: Final = card
        self._end: Final = Answering(card, manner)
        self._pulled_at: int | None = None
        self.line: Final = Line()

    @property
    def image(self) -> CardImage:
        """The whole persistent card."""
        return self._card.image

    def pull_after(self, characters: int) -> None:
        """Pull the card out after so many more `characters`, 0 and up."""
        self._pulled_at = self.line.characters + characters

    def power_on(self) -> bytes:
        """Reset the card and return its ATR; empty once it was pulled out.

        Raises:
            AtrError: The card's ATR cannot be parsed.
        """
        self._end.reset()
        if self._gone:
            return b""
        atr = self._card.power_on()
        assert 0 in Atr.parse(atr).protocols, "a card over T=0 is one that speaks T=0"
        return atr

    def power_off(self) -> None:
        """Take the power away, and with it a command half sent."""
        self._end.reset()
        self._card.power_off()

    def writing_us(self, command: bytes) -> int:
        """Return for how long, in µs, a power cut would find the card writing for `command`."""
        return self._card.writing_us(command)

    def tear(self, command: bytes, fate: Fate) -> None:
        """Tear the card in its write for `command`; `fate` decides what it holds, not the line."""
        self._card.tear(command, fate)

    def transmit(self, command: bytes) -> bytes:
        """Return the R-APDU to `command`, whole and from the bytes the card would answer directly.

        Raises:
            ApduError: T=0 cannot carry the command.
            LinkError: CARD_GONE where the card was pulled out, TIMED_OUT when it stays silent,
                BROKEN when both ends send at once.
        """
        asking = Asking(command)
        out = asking.header
        while (response := asking.response) is None:  # each round moves a byte of the command
            if not out:
                self.line.silent_etu += WAITING_ETU
                raise LinkError(LinkErrorKind.TIMED_OUT, "T=0: the card is silent")
            out = asking.receive(self._pass_back(self._end.receive(self._pass(out))))
        return response

    @property
    def _gone(self) -> bool:
        return self._pulled_at is not None and self.line.characters >= self._pulled_at

    def _pass(self, characters: bytes) -> bytes:
        """Let characters pass to the card, as many as it is there for."""
        self._check()
        passed = self._cut(characters)
        self.line.sent += len(passed)
        if len(passed) < len(characters):
            self._end.receive(passed)
            self._lose()
        return passed

    def _pass_back(self, characters: bytes) -> bytes:
        """Let characters pass from the card."""
        if not characters:
            return b""
        self._check()
        self.line.turns += 2  # here, and back before the next command or the next of its data
        passed = self._cut(characters)
        self.line.received += len(passed)
        if len(passed) < len(characters):
            self._lose()
        return passed

    def _cut(self, characters: bytes) -> bytes:
        if self._pulled_at is None:
            return characters
        return characters[: self._pulled_at - self.line.characters]

    def _check(self) -> None:
        if self._gone:
            self._lose()

    def _lose(self) -> None:
        self.power_off()
        raise LinkError(LinkErrorKind.CARD_GONE, "pulled out")
