"""Making a technician's clock card: one file that anyone may read and only the desk may write."""

from typing import Final

from card_protocol.card.files import FID_BASE, Access, FileSpec, FileTree
from card_protocol.card.image import CardImage
from card_protocol.card.virtual import bound_card
from card_protocol.formats.clock import CLOCK, DF_SERVICE, SFI_CLOCK
from card_protocol.keys import Key

CLOCK_FILE: Final = FileSpec(
    DF_SERVICE, FID_BASE + SFI_CLOCK, SFI_CLOCK, CLOCK.size_bytes, Access.ALWAYS, Access.DESK
)


def personalise_clock_card(master: Key, meter_id: int, record: bytes, *, pin: str) -> CardImage:
    """Return a clock card bound to meter `meter_id`, holding a sealed clock order."""
    return bound_card(master, meter_id, FileTree((CLOCK_FILE,)), (record,), pin=pin)
