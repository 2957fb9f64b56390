"""A budget card explained, on any carrier: its records, and their places in an image.

A plain card without a whole copy is explained too. A card writer under development leaves such
cards: a CRC over the wrong bytes, a row of the wrong size, a forgotten number. So each copy is
shown with its head and its fault, and the records are explained at the places in its own table.
"""

from collections.abc import Iterator
from dataclasses import replace

from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage
from card_protocol.errors import LayoutError
from card_protocol.formats.budget import DF_OF, Sfi
from card_protocol.formats.budget.making import plain_tree, record_on
from card_protocol.formats.container import (
    HEAD,
    SLOT_BYTES,
    SLOT_COUNT,
    Container,
    claimed_records,
    parse_container,
    parse_head,
)
from card_protocol.keys import Key
from meter_emu.desk.budget.memory_view import budget_cells, explain_memory_card
from meter_emu.desk.budget.view import budget_files, claimed_card, explain_card, explain_record
from meter_emu.desk.card_image import RecordView, Seal
from meter_emu.rows import Part, of_own_energy, rows_of, text


def explain_budget_card(image: AnyImage, master: Key) -> tuple[RecordView, ...] | None:
    """Return the records of a card explained, whole or not; `None` if it has no files for them.

    Every memory card counts as a budget card: no other family uses them.
    """
    if isinstance(image, MemoryImage):
        return of_own_energy(explain_memory_card(image, master))
    try:
        return of_own_energy(explain_card(lambda sfi: record_on(image, sfi), image.kind, master))
    except (KeyError, LayoutError):
        if image.tree.specs not in [plain_tree(df).specs for df in DF_OF.values()]:
            return None
        return of_own_energy(explain_broken_copies(image, master))


def budget_parts(image: AnyImage, master: Key) -> tuple[Part, ...]:
    """Return the parts of an image that belong to a budget card, explained."""
    if isinstance(image, MemoryImage):
        return of_own_energy(tuple(budget_cells(image, master)))
    return of_own_energy(tuple(budget_files(image, master)))


def explain_broken_copies(image: CardImage, master: Key) -> tuple[RecordView, ...]:
    """Return both copies of a plain card's records explained, whole or not."""
    (file,) = image.contents
    return tuple(
        view
        for slot in range(SLOT_COUNT)
        for view in _copy(slot, file[slot * SLOT_BYTES : (slot + 1) * SLOT_BYTES], master)
    )


def _copy(slot: int, raw: bytes, master: Key) -> Iterator[RecordView]:
    place, head = f"copy {slot}", raw[: HEAD.size_bytes]
    if raw == b"\xff" * len(raw):
        yield RecordView(HEAD.name, place, len(head), Seal.EMPTY, (), ("nothing is written here",))
        return
    why = _wrong(raw)
    rows = rows_of(HEAD, head, {"magic": text})
    yield RecordView(HEAD.name, place, len(head), Seal.UNCHECKED, rows, (why,))
    records = claimed_records(raw)
    card = claimed_card(records.get(Sfi.IDENTITY, b""), CardKind.PLAIN)
    for sfi, record in records.items():
        if sfi in set(Sfi):
            view = explain_record(Sfi(sfi), record, card, master)
            yield replace(view, place=f"{place}, {view.place}")


def _wrong(raw: bytes) -> str:
    """Return why the copy in a slot is not whole, as any reader would find."""
    try:
        whole: Container = parse_container(raw[: parse_head(raw[: HEAD.size_bytes]).size_bytes])
    except LayoutError as error:
        return str(error)
    expected = ", ".join(str(sfi) for sfi in Sfi)
    return f"expected records {expected}, got {', '.join(map(str, whole.records)) or 'none'}"
