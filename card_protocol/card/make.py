"""The card that runs an image: the image's own magic says which kind."""

from card_protocol.card.base import FileCard
from card_protocol.card.image import CardImage, Kind
from card_protocol.card.plain import PlainCard
from card_protocol.card.secure import SecureCard
from card_protocol.card.session import Rng


def card_of(image: CardImage, rng: Rng, *, t0: bool = False) -> FileCard:
    """Return an unpowered card; `rng` as `FileCard` has it, and a plain card has no use for it."""
    if image.kind is Kind.PLAIN:
        return PlainCard(image, t0=t0)
    return SecureCard(image, rng, t0=t0)
