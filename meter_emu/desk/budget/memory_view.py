"""Explains a memory card, byte by byte: the chip's own, the parts of the budget card, the counters.

Like `view`, it takes invalid cards, and never shows the code. It finds the current copy of a part
by the MACs alone, as office and meter do.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from card_protocol.card.image import CardKind
from card_protocol.card.sle4442 import (
    MAIN_AT,
    MemoryImage,
)
from card_protocol.errors import CardProtocolError, LayoutError
from card_protocol.formats.budget import CardId
from card_protocol.formats.budget.compact import (
    DESK_AT,
    DESK_PART,
    IDENTITY_AT,
    IDENTITY_PART,
    METER_AT,
    METER_PART,
    REACTIVATES,
    UEUR_PER_STEP,
    compact_in_force,
    identity_of,
    part_holds,
)
from card_protocol.keys import Key, Purpose, derive
from card_protocol.layout import Layout
from card_protocol.timestamp import unpack_minute
from meter_emu.desk.budget.view import BLOCKS, DEAR_NIGHT, FLAGS, SHIELDS, TELLS, wrong_order
from meter_emu.desk.card_image import RecordView, Seal, never_written
from meter_emu.rows import (
    ERASED,
    Meaning,
    MeaningOf,
    Part,
    Row,
    amount,
    bits,
    civil,
    moved,
    rows_of,
)

_ENDS_HALF: Final = 5  # T1, then T2, five bytes each
# Contents of main memory from address 32 on: layout, addresses of its copies, whose key is used.
_PARTS: Final[tuple[tuple[Layout[Any], tuple[int, ...], Purpose], ...]] = (
    (IDENTITY_PART, (IDENTITY_AT,), Purpose.DESK_RECORD),
    (DESK_PART, DESK_AT, Purpose.DESK_RECORD),
    (METER_PART, METER_AT, Purpose.METER_RECORD),
)


def explain_memory_card(image: MemoryImage, master: Key) -> tuple[RecordView, ...]:
    """Return the identity and the current copy of both other parts, explained."""
    return tuple(
        next((copy for copy in copies if copy.current), copies[0]).view
        for copies in _explained(image, master)
    )


def budget_cells(image: MemoryImage, master: Key) -> Iterator[Part]:
    """Yield every copy of every part in an image, explained, with its offset."""
    for copies in _explained(image, master):
        yield from (copy.part for copy in copies)


class _Copy(NamedTuple):
    """One copy of a part, as a view for people at a desk and as a part of the image."""

    view: RecordView
    part: Part
    current: bool


def _explained(image: MemoryImage, master: Key) -> Iterator[tuple[_Copy, ...]]:
    """Yield the copies of each part, one of the identity and two of the others."""
    card = _claimed(image)
    for layout, places, purpose in _PARTS:
        key = None if card is None else derive(master, purpose, card.meter_id)
        raws = tuple(image.main[at : at + layout.size_bytes] for at in places)
        found = compact_in_force(layout, raws, key, card) if key and card and places[1:] else None
        copies = []
        for copy, at in enumerate(places):
            view = _view(layout, raws[copy], at, key, card)
            said = f"MAC {view.seal.value}"
            if places[1:]:
                view = replace(view, name=f"{layout.name}, copy {copy}")
            if found is not None:
                said += ", the current copy" if copy == found.copy else ", not the current copy"
            wrong = view.wrong if found is None or copy == found.copy else ()
            rows = view.rows or never_written(layout, raws[copy], {})
            part = Part(view.name, MAIN_AT + at, moved(rows, MAIN_AT + at), said, wrong)
            copies.append(_Copy(view, part, found is not None and copy == found.copy))
        yield tuple(copies)


def _claimed(image: MemoryImage) -> CardId | None:
    raw = image.main[IDENTITY_AT : IDENTITY_AT + IDENTITY_PART.size_bytes]
    try:
        return identity_of(IDENTITY_PART.parse(raw)).card_id(CardKind.MEMORY)
    except LayoutError:
        return None


def _view(
    layout: Layout[Any], raw: bytes, at: int, key: Key | None, card_id: CardId | None
) -> RecordView:
    if raw == bytes((ERASED,)) * len(raw):
        return _shown(layout, at, Seal.EMPTY, (), ())
    rows = rows_of(layout, raw, _TELLS)
    try:
        part = layout.parse(raw)
    except LayoutError as error:
        return _shown(layout, at, Seal.UNCHECKED, rows, (str(error),))
    if key is None or card_id is None:
        wrong: tuple[str, ...] = ("no identity to check the MAC with",)
        return _shown(layout, at, Seal.UNCHECKED, rows, wrong)
    if not part_holds(raw, key, card_id):
        wrong = (f"{layout.name}: the MAC does not match this meter's key",)
        return _shown(layout, at, Seal.WRONG, rows, wrong)
    if layout is DESK_PART:
        rows = tuple(_with_ends(row, part.flags, part.ends) for row in rows)
    return _shown(layout, at, Seal.OK, rows, _across(layout, part))


def _shown(
    layout: Layout[Any], at: int, seal: Seal, rows: tuple[Row, ...], wrong: tuple[str, ...]
) -> RecordView:
    return RecordView(layout.name, f"address {at}", layout.size_bytes, seal, rows, wrong)


def _with_ends(row: Row, flags: int, ends: bytes) -> Row:
    """Return a row of a desk part, explained by the flag for the contents of `ends`."""
    if row.field != "ends":
        return row
    if flags & REACTIVATES:
        return replace(row, note="a token: reactivates")
    meanings = [civil(ends[:_ENDS_HALF]), civil(ends[_ENDS_HALF:])]
    note = ", ".join(f"T{n} {one.note or '?'}" for n, one in enumerate(meanings, start=1))
    return replace(row, note=note, wrong="; ".join(one.wrong for one in meanings if one.wrong))


def _across(layout: Layout[Any], part: Any) -> tuple[str, ...]:  # noqa: ANN401 - one of three parts
    """Return a fault across fields that are each right."""
    if layout is not DESK_PART:
        return ()
    found = [DEAR_NIGHT] if part.night_price_ueur_per_wh > part.price_ueur_per_wh else []
    if not part.flags & REACTIVATES:
        found += wrong_order(part.ends[:_ENDS_HALF], part.ends[_ENDS_HALF:])
    return tuple(found)


def _packed(value: int) -> Meaning:
    try:
        when = unpack_minute(value)
    except CardProtocolError as error:
        return Meaning(wrong=str(error))
    return Meaning("none" if when is None else str(when))


def _holds(value: int) -> Meaning:
    blocks, shields = bits(BLOCKS)(value & 0x0F), bits(SHIELDS)(value >> 4)
    wrong = blocks.wrong or shields.wrong
    return Meaning(f"blocks: {blocks.note}; shields: {shields.note}", wrong)


# Notes on a field or a unit of a part; otherwise those of the record's field of that name.
_TELLS: Final[Mapping[str, MeaningOf]] = {
    **TELLS,
    "flags": bits({**FLAGS, REACTIVATES: "reactivates"}),
    "holds": _holds,
    "packed": _packed,
    "x 100 micro-euro": lambda steps: amount(1_000_000)(steps * UEUR_PER_STEP),
}
