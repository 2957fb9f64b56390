"""Making a budget card of any kind: files, access rules and keys around the records.

Identifiers and rules are ours. Meter and desk can access everything on a secure card, others only
the identity, which shows a finder whose card it is. Anyone can read the one file of a plain card,
and a memory card.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from card_protocol.card.files import FID_BASE, MF, Access, FileSpec, FileTree
from card_protocol.card.image import NO_KEY, CardImage, CardKind, personalise
from card_protocol.card.sle4442 import COUNTER_ERASED, MAIN_SIZE_BYTES, MemoryImage
from card_protocol.card.virtual import AnyImage, bound_card
from card_protocol.errors import LayoutError
from card_protocol.formats import budget
from card_protocol.formats.budget import DF_OF, Sfi, seal
from card_protocol.formats.budget.compact import (
    DESK_AT,
    DESK_PART,
    FIRST_AT,
    IDENTITY_PART,
    METER_PART,
    desk_part,
    identity_part,
    seal_part,
)
from card_protocol.formats.budget.generations import DESK_RECORDS, CardRecords, layouts
from card_protocol.formats.container import (
    FILE_SIZE_BYTES,
    SLOT_BYTES,
    TRANSPORT_PIN,
    Container,
    in_force,
    plain_file,
)
from card_protocol.keys import Key, Purpose, derive, memory_code
from card_protocol.layout import Layout

PLAIN_SFI: Final = 1

# short identifier, who may read, who may update
_FILES: Final = (
    (Sfi.IDENTITY, Access.ALWAYS, Access.DESK),
    (Sfi.DESK, Access.METER_OR_DESK, Access.DESK),
    (Sfi.WRITE_BACK, Access.METER_OR_DESK, Access.METER),
)


@cache
def secure_tree(df: int, generation: int) -> FileTree:
    """Return the files of a secure card with its records in `df`."""
    by_sfi = layouts(generation)
    return FileTree(
        FileSpec(df, FID_BASE + sfi, sfi, by_sfi[sfi].size_bytes, read, update)
        for sfi, read, update in _FILES
    )


@cache
def plain_tree(df: int) -> FileTree:
    """Return the one file of a plain card, in place of a secure one's `df`."""
    file = FileSpec(MF, plain_file(df), PLAIN_SFI, FILE_SIZE_BYTES, Access.ALWAYS, Access.PIN)
    return FileTree((file,))


# Of every record on a budget card of either generation, and of every part of one on a memory card.
BUDGET_LAYOUTS: Final[tuple[Layout[Any], ...]] = (
    *dict.fromkeys(layout for number in DESK_RECORDS for layout in layouts(number).values()),
    *(IDENTITY_PART, DESK_PART, METER_PART),
)
_ERASED: Final = b"\xff"
# The contents of a new chip below our first byte, as chips of this type are sold: the ATR header,
# its manufacturer and type, and the maker's application identifier (data sheet 07.95, 2.8, figures
# 12 and 13). Protected from the factory on; we never write there.
_DELIVERED: Final = bytes.fromhex("a2131091ffff8115") + _ERASED * 13 + bytes.fromhex("d27600000400")
_DELIVERED_PROTECTION: Final = bytes.fromhex("30ff1ff8")  # addresses 0-3, 6, 7 and 21-26


def personalise_card(
    master: Key, contents: CardRecords, card_kind: CardKind, *, pin: str, sequence: int = 1
) -> AnyImage:
    """Return a new card of `card_kind` with these records, sealed under keys derived from `master`.

    `sequence` is the number of its first copy, where it has copies. Raise `LayoutError` for a PIN
    not of 4 to 8 digits and for what this kind has no room for.
    """
    if card_kind is CardKind.MEMORY:
        return personalise_memory_budget_card(master, contents, sequence)
    identity = contents.identity
    df, generation = df_of(identity.energy), identity.generation
    key = derive(master, Purpose.DESK_RECORD, identity.meter_id)
    records = sealed_records(contents, key, card_kind)
    if card_kind is CardKind.PLAIN:
        return personalise_plain_budget_card(
            records, generation=generation, df=df, sequence=sequence
        )
    return personalise_budget_card(
        master, identity.meter_id, records, pin=pin, generation=generation, df=df
    )


def df_of(energy: int) -> int:
    """Return the DF of an energy's cards; raise `LayoutError` for one of which no card is known."""
    if energy not in DF_OF:
        (at,) = (field.offset for field in budget.IDENTITY.fields if field.name == "energy")
        expected = f"energy {' or '.join(map(str, DF_OF))}, which have a DF"
        raise LayoutError("budget card, identity", offset=at, expected=expected, got=str(energy))
    return DF_OF[energy]


def sealed_records(contents: CardRecords, key: Key, card_kind: CardKind) -> dict[Sfi, bytes]:
    """Return the desk's records of a file card of this kind, sealed."""
    identity, desk = contents
    card = identity.card_id(card_kind)
    return {
        Sfi.IDENTITY: seal(budget.IDENTITY, identity, key, card),
        Sfi.DESK: seal(DESK_RECORDS[identity.generation], desk, key, card),
    }


def personalise_memory_budget_card(
    master: Key, contents: CardRecords, sequence: int = 1
) -> MemoryImage:
    """Return a new memory card: one copy of the desk's part, so numbered, nothing of a meter.

    Its code is its own, derived from `master`, meter and card number.
    """
    identity = contents.identity
    meter_id = identity.meter_id
    key = derive(master, Purpose.DESK_RECORD, meter_id)
    card = identity.card_id(CardKind.MEMORY)
    parts = seal_part(IDENTITY_PART, identity_part(identity), key, card)
    parts += seal_part(DESK_PART, desk_part(contents.desk, sequence), key, card)
    assert DESK_AT[0] + DESK_PART.size_bytes == FIRST_AT + len(parts), "the first copy lies first"
    main = _DELIVERED.ljust(FIRST_AT, _ERASED) + parts
    code = card_code(master, meter_id, identity.card_number)
    return new_memory_card(main.ljust(MAIN_SIZE_BYTES, _ERASED), code=code)


def card_code(master: Key, meter_id: int, card_number: int) -> bytes:
    """Return the own code of a memory card."""
    return memory_code(derive(master, Purpose.CARD_AUTH, meter_id), card_number)


def new_memory_card(main: bytes, *, code: bytes, counter: int = COUNTER_ERASED) -> MemoryImage:
    """Return a memory card with these 256 bytes, protected as chips are sold."""
    return MemoryImage(main=main, protection=_DELIVERED_PROTECTION, counter=counter, code=code)


def personalise_budget_card(
    master: Key,
    meter_id: int,
    records: Mapping[Sfi, bytes],
    *,
    pin: str,
    generation: int,
    df: int,
) -> CardImage:
    """Return a new secure card of meter `meter_id` (below 2**64), keys derived from `master`.

    `records` are sealed records of `generation` by file; a file without one is erased, all FF.
    Raise `LayoutError` for a record that does not fill its file and for a PIN not of 4 to 8 digits.
    """
    contents = tuple(_filled(records, generation).values())
    return bound_card(master, meter_id, secure_tree(df, generation), contents, pin=pin)


def personalise_plain_budget_card(
    records: Mapping[Sfi, bytes], *, generation: int, df: int, sequence: int = 1
) -> CardImage:
    """Return a new plain card with these records of `generation`; a missing one is erased, all FF.

    The first copy is current under number `sequence` and the second slot is empty.
    """
    first = Container(sequence, _filled(records, generation)).to_bytes()
    return new_plain_card(first.ljust(FILE_SIZE_BYTES, _ERASED), df)


def new_plain_card(content: bytes, df: int) -> CardImage:
    """Return a plain card whose one file, in place of `df`, has this content."""
    return personalise(
        plain_tree(df),
        (content,),
        meter_key=NO_KEY,
        desk_key=NO_KEY,
        card_key=NO_KEY,
        pin=TRANSPORT_PIN,
        card_kind=CardKind.PLAIN,
    )


def record_on(image: CardImage, sfi: int) -> bytes:
    """Return a record of a file card, secure or plain, past all access rules.

    Raise `KeyError` if the card has no such file and `LayoutError` if no copy is whole.
    """
    if image.kind is CardKind.SECURE:
        return image.content(_df_on(image), sfi)
    return _in_force(image)[1].records[sfi]


def with_record(image: CardImage, sfi: int, raw: bytes) -> CardImage:
    """Return the card with one record replaced, past all access rules.

    On a plain card that happens in the current copy, so nothing but this record changes.

    Args:
        image: A secure or a plain card of the budget family.
        sfi: Short identifier of the record, as in `docs/card-format.md`.
        raw: The record's bytes with its MAC, as many as the record has.

    Raises:
        KeyError: The card has no such record.
        LayoutError: The bytes are too many or too few, or the card's copies are both broken.
    """
    if image.kind is CardKind.SECURE:
        return image.with_content(_df_on(image), sfi, raw)
    slot, container = _in_force(image)
    copy = Container(container.sequence, {**container.records, sfi: raw})
    return image.with_part(0, slot * SLOT_BYTES, copy.to_bytes())


def _df_on(image: CardImage) -> int:
    """Return the DF of the card's energy; the first one if the card is for none."""
    dfs = tuple(DF_OF.values())
    return next((df for df in dfs if df in image.tree.dfs), dfs[0])


def _in_force(image: CardImage) -> tuple[int, Container]:
    """Return the current copy and its slot; raise `LayoutError` if there is none."""
    file = image.content(MF, PLAIN_SFI)
    return in_force(lambda offset, size: file[offset : offset + size])


def _filled(records: Mapping[Sfi, bytes], generation: int) -> dict[int, bytes]:
    return {
        sfi: records.get(sfi, _ERASED * layout.size_bytes)
        for sfi, layout in layouts(generation).items()
    }
