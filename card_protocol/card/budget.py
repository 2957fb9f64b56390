"""Making a budget card: its file tree, access rules and keys around the records of the format.

Identifiers and rules are ours. The household's card lies open to both ends and to nobody else:
only the identity, which tells a finder whose card it is, is readable without a key.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from card_protocol.card.files import Access, FileSpec, FileTree
from card_protocol.card.image import CardImage, personalise
from card_protocol.formats.budget import DF_ELECTRICITY, Sfi
from card_protocol.formats.generations import ORDERS, layouts
from card_protocol.keys import Key, Purpose, derive

FID_BASE: Final = 0xEF00  # ours: an EF's identifier is this plus its short one

# short identifier, who may read, who may update
_FILES: Final = (
    (Sfi.IDENTITY, Access.ALWAYS, Access.DESK),
    (Sfi.WALLET, Access.METER_OR_DESK, Access.DESK),
    (Sfi.ORDER, Access.METER_OR_DESK, Access.DESK),
    (Sfi.TARIFF, Access.METER_OR_DESK, Access.DESK),
    (Sfi.WRITE_BACK, Access.METER_OR_DESK, Access.METER),
)


def _tree(generation: int) -> FileTree:
    sizes = {sfi: layout.size_bytes for sfi, layout in layouts(generation).items()}
    return FileTree(
        FileSpec(DF_ELECTRICITY, FID_BASE + sfi, sfi, sizes[sfi], read, update)
        for sfi, read, update in _FILES
    )


BUDGET_TREES: Final[Mapping[int, FileTree]] = MappingProxyType(
    {generation: _tree(generation) for generation in ORDERS}
)


def personalise_budget_card(
    master: Key, meter_id: int, records: Mapping[Sfi, bytes], *, pin: str, generation: int
) -> CardImage:
    """Return a new card bound to meter `meter_id` (below 2**64), keys derived from `master`.

    `records` are sealed records of `generation` by file; a file without one is erased, all FF.
    Raise `LayoutError` for a record that does not fill its file and for a PIN not of 4 to 8 digits.
    """
    tree = BUDGET_TREES[generation]
    contents = tuple(records.get(Sfi(spec.sfi), b"\xff" * spec.size_bytes) for spec in tree.specs)
    return personalise(
        tree,
        contents,
        meter_key=derive(master, Purpose.METER_AUTH, meter_id),
        desk_key=derive(master, Purpose.DESK_AUTH, meter_id),
        card_key=derive(master, Purpose.CARD_AUTH, meter_id),
        pin=pin,
    )
