"""Making a budget card: its file tree, access rules and keys around the records of the format.

Identifiers and rules are ours. The household's card lies open to both ends and to nobody else:
only the identity, which tells a finder whose card it is, is readable without a key.
"""

from collections.abc import Mapping
from typing import Final

from card_protocol.card.files import Access, FileSpec, FileTree
from card_protocol.card.image import CardImage, personalise
from card_protocol.formats.budget import (
    DF_ELECTRICITY,
    IDENTITY,
    ORDER,
    TARIFF,
    WALLET,
    WRITE_BACK,
    Sfi,
)
from card_protocol.keys import Key, Purpose, derive

FID_BASE: Final = 0xEF00  # ours: an EF's identifier is this plus its short one

# short identifier, layout, who may read, who may update
_FILES: Final = (
    (Sfi.IDENTITY, IDENTITY.size_bytes, Access.ALWAYS, Access.DESK),
    (Sfi.WALLET, WALLET.size_bytes, Access.METER_OR_DESK, Access.DESK),
    (Sfi.ORDER, ORDER.size_bytes, Access.METER_OR_DESK, Access.DESK),
    (Sfi.TARIFF, TARIFF.size_bytes, Access.METER_OR_DESK, Access.DESK),
    (Sfi.WRITE_BACK, WRITE_BACK.size_bytes, Access.METER_OR_DESK, Access.METER),
)
BUDGET_TREE: Final = FileTree(
    FileSpec(DF_ELECTRICITY, FID_BASE + sfi, sfi, size, read, update)
    for sfi, size, read, update in _FILES
)


def personalise_budget_card(
    master: Key, meter_id: int, records: Mapping[Sfi, bytes], *, pin: str
) -> CardImage:
    """Return a new card bound to meter `meter_id` (below 2**64), keys derived from `master`.

    `records` are sealed records by file; a file without one is erased, all FF. Raise
    `LayoutError` for a record that does not fill its file and for a PIN not of 4 to 8 digits.
    """
    contents = tuple(records.get(sfi, b"\xff" * size) for sfi, size, _, _ in _FILES)
    return personalise(
        BUDGET_TREE,
        contents,
        meter_key=derive(master, Purpose.METER_AUTH, meter_id),
        desk_key=derive(master, Purpose.DESK_AUTH, meter_id),
        card_key=derive(master, Purpose.CARD_AUTH, meter_id),
        pin=pin,
    )
