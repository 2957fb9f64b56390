"""The card that runs an image: the image's own magic says which kind."""

from typing import TypeAlias, overload

from card_protocol.card.commands import Rng
from card_protocol.card.file_card import FileCard, PlainCard, SecureCard
from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.memory_card import MemoryCard
from card_protocol.card.sle4442 import MemoryImage

AnyImage: TypeAlias = CardImage | MemoryImage
VirtualCard: TypeAlias = FileCard | MemoryCard


@overload
def card_of(image: CardImage, rng: Rng, *, t0: bool = False) -> FileCard: ...
@overload
def card_of(image: AnyImage, rng: Rng, *, t0: bool = False) -> VirtualCard: ...
def card_of(image: AnyImage, rng: Rng, *, t0: bool = False) -> VirtualCard:
    """Return an unpowered card; `rng` as `FileCard` has it, of use to a secure card alone.

    A memory card lies in an ACS reader, and T=0 is nothing to it.
    """
    if isinstance(image, MemoryImage):
        return MemoryCard(image)
    return (
        PlainCard(image, t0=t0) if image.kind is CardKind.PLAIN else SecureCard(image, rng, t0=t0)
    )


def parse_image(raw: bytes) -> AnyImage:
    """Return the image in `raw`, of whichever kind; raise `LayoutError` where it is none."""
    kind = MemoryImage if raw[:2] == CardKind.MEMORY.value else CardImage
    return kind.from_bytes(raw)
