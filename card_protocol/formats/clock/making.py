"""Making a technician's clock card: one file that anyone may read and only the desk may write."""

from typing import Final

from card_protocol.card.files import Access, FileSpec, FileTree
from card_protocol.card.image import CardImage, personalise
from card_protocol.formats.budget.making import FID_BASE
from card_protocol.formats.clock import CLOCK, DF_SERVICE, SFI_CLOCK
from card_protocol.keys import Key, Purpose, derive

CLOCK_TREE: Final = FileTree(
    (
        FileSpec(
            DF_SERVICE,
            FID_BASE + SFI_CLOCK,
            SFI_CLOCK,
            CLOCK.size_bytes,
            Access.ALWAYS,
            Access.DESK,
        ),
    )
)


def clock_order_on(image: CardImage) -> bytes | None:
    """Return the clock order on a card, `None` where the card has no file for one."""
    if CLOCK_TREE.specs[0] not in image.tree.specs:
        return None
    return image.content(DF_SERVICE, SFI_CLOCK)


def personalise_clock_card(master: Key, meter_id: int, record: bytes, *, pin: str) -> CardImage:
    """Return a clock card bound to meter `meter_id`, holding a sealed clock order."""
    return personalise(
        CLOCK_TREE,
        (record,),
        meter_key=derive(master, Purpose.METER_AUTH, meter_id),
        desk_key=derive(master, Purpose.DESK_AUTH, meter_id),
        card_key=derive(master, Purpose.CARD_AUTH, meter_id),
        pin=pin,
    )
