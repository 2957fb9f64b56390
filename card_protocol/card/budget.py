"""Making a budget card of either kind: files, access rules and keys around the records.

Identifiers and rules are ours. The household's secure card lies open to both ends and to nobody
else: only the identity, which tells a finder whose card it is, is readable without a key. A plain
card has one file that everybody can read.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from card_protocol.card.files import MF, Access, FileSpec, FileTree
from card_protocol.card.image import NO_KEY, CardImage, Kind, personalise
from card_protocol.formats.budget import DF_ELECTRICITY, DF_OF, Energy, Sfi
from card_protocol.formats.container import (
    FILE_SIZE_BYTES,
    SLOT_BYTES,
    TRANSPORT_PIN,
    Container,
    in_force,
    plain_file,
)
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


def _tree(df: int, generation: int) -> FileTree:
    by_sfi = layouts(generation)
    return FileTree(
        FileSpec(df, FID_BASE + sfi, sfi, by_sfi[sfi].size_bytes, read, update)
        for sfi, read, update in _FILES
    )


BUDGET_TREES: Final[Mapping[Energy, Mapping[int, FileTree]]] = MappingProxyType(
    {
        energy: {generation: _tree(df, generation) for generation in ORDERS}
        for energy, df in DF_OF.items()
    }
)
PLAIN_SFI: Final = 1
PLAIN_TREES: Final[Mapping[Energy, FileTree]] = MappingProxyType(
    {
        energy: FileTree(
            (FileSpec(MF, plain_file(df), PLAIN_SFI, FILE_SIZE_BYTES, Access.ALWAYS, Access.PIN),)
        )
        for energy, df in DF_OF.items()
    }
)
_ERASED: Final = b"\xff"


def personalise_budget_card(
    master: Key,
    meter_id: int,
    records: Mapping[Sfi, bytes],
    *,
    pin: str,
    generation: int,
    energy: Energy = Energy.ELECTRICITY,
) -> CardImage:
    """Return a new secure card of meter `meter_id` (below 2**64), keys derived from `master`.

    `records` are sealed records of `generation` by file; a file without one is erased, all FF.
    Raise `LayoutError` for a record that does not fill its file and for a PIN not of 4 to 8 digits.
    """
    return personalise(
        BUDGET_TREES[energy][generation],
        tuple(_filled(records, generation).values()),
        meter_key=derive(master, Purpose.METER_AUTH, meter_id),
        desk_key=derive(master, Purpose.DESK_AUTH, meter_id),
        card_key=derive(master, Purpose.CARD_AUTH, meter_id),
        pin=pin,
    )


def personalise_plain_budget_card(
    records: Mapping[Sfi, bytes], *, generation: int, energy: Energy = Energy.ELECTRICITY
) -> CardImage:
    """Return a new plain card with these records of `generation`; a missing one is erased, all FF.

    The first copy is in force under number 1 and the second slot is empty.
    """
    return personalise(
        PLAIN_TREES[energy],
        (Container(1, _filled(records, generation)).to_bytes().ljust(FILE_SIZE_BYTES, _ERASED),),
        meter_key=NO_KEY,
        desk_key=NO_KEY,
        card_key=NO_KEY,
        pin=TRANSPORT_PIN,
        kind=Kind.PLAIN,
    )


def record_on(image: CardImage, sfi: Sfi) -> bytes:
    """Return a record of a budget card of either kind, past all access rules.

    Raise `KeyError` when the card has no such file and `LayoutError` when no copy is whole.
    """
    if image.kind is Kind.SECURE:
        return image.content(_df_on(image), sfi)
    return _in_force(image)[1].records[sfi]


def with_record(image: CardImage, sfi: Sfi, raw: bytes) -> CardImage:
    """Return the card with one record replaced, past all access rules.

    On a plain card that happens in the copy in force, so nothing but this record changes.
    """
    if image.kind is Kind.SECURE:
        return image.with_content(_df_on(image), sfi, raw)
    slot, container = _in_force(image)
    copy = Container(container.sequence, {**container.records, sfi: raw})
    return image.with_part(0, slot * SLOT_BYTES, copy.to_bytes())


def _df_on(image: CardImage) -> int:
    """Return the DF of whichever energy the card is for; of electricity when it is for neither."""
    return next((df for df in DF_OF.values() if df in image.tree.dfs), DF_ELECTRICITY)


def _in_force(image: CardImage) -> tuple[int, Container]:
    """Return slot and copy in force; raise `LayoutError` when there is none."""
    file = image.content(MF, PLAIN_SFI)
    return in_force(lambda offset, size: file[offset : offset + size])


def _filled(records: Mapping[Sfi, bytes], generation: int) -> dict[int, bytes]:
    return {
        sfi: records.get(sfi, _ERASED * layout.size_bytes)
        for sfi, layout in layouts(generation).items()
    }
