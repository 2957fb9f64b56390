"""The card that runs an image: the image's own magic says which kind."""

from typing import TypeAlias, overload

from card_protocol.card.commands import Rng
from card_protocol.card.file_card import FileCard, PlainCard, SecureCard
from card_protocol.card.files import FileTree
from card_protocol.card.image import CardImage, CardKind, personalise
from card_protocol.card.memory_card import MemoryCard
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.keys import Key, Purpose, derive

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


def bound_card(
    master: Key, meter_id: int, tree: FileTree, contents: tuple[bytes, ...], *, pin: str
) -> CardImage:
    """Return a new secure card of meter `meter_id` (below 2**64), keys derived from `master`.

    `contents` goes with `tree.specs`, one by one. Raise `LayoutError` as `personalise` does.
    """
    return personalise(
        tree,
        contents,
        meter_key=derive(master, Purpose.METER_AUTH, meter_id),
        desk_key=derive(master, Purpose.DESK_AUTH, meter_id),
        card_key=derive(master, Purpose.CARD_AUTH, meter_id),
        pin=pin,
    )


def parse_image(raw: bytes) -> AnyImage:
    """Return the image in `raw`, of whichever kind; raise `LayoutError` where it is none."""
    kind = MemoryImage if raw[:2] == CardKind.MEMORY.value else CardImage
    return kind.from_bytes(raw)
