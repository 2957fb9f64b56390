"""What a card knows between power on and power off: the volatile half of its state."""

from collections.abc import Callable
from typing import Final, final

from card_protocol.card.files import MF, Access
from card_protocol.card.image import CardImage

Rng = Callable[[int], bytes]
Fate = Callable[[], int]  # 0 to 255
Settle = Callable[[bytes, bytes], bytes]


@final
class CardSession:
    """A powered card. A new session is a reset: only `image` is taken from one to the next.

    `rights` are bits of `Access` gathered so far; they belong to the whole card, so selecting
    another DF keeps them. `challenge` is what the *previous* command gave out, empty if it was
    no GET CHALLENGE; `next_challenge` is what this one gives out. `settle` is set while the power
    fails: it takes the old and the new bytes of a write and returns what the cells then hold.
    """

    __slots__ = ("challenge", "df", "ef", "image", "next_challenge", "rights", "rng", "settle")

    def __init__(self, image: CardImage, rng: Rng) -> None:
        self.image = image
        self.rng: Final = rng
        self.df = MF
        self.ef: int | None = None
        self.rights: int = Access.ALWAYS
        self.challenge = b""
        self.next_challenge = b""
        self.settle: Settle | None = None
