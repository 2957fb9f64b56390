"""Explains a plain card of which no copy is whole, as far as its bytes go.

That is what one's own writer leaves while it has a mistake: a CRC over the wrong bytes, a row of
the wrong size, a number forgotten. So each copy is shown by its head and by what is wrong with
it, and the records are explained from where its own table says that they lie.
"""

from collections.abc import Iterator
from dataclasses import replace

from card_protocol.card.image import CardImage
from card_protocol.errors import LayoutError
from card_protocol.formats.budget import Sfi
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
from meter_emu.desk.budget.view import claimed_card, explain_record
from meter_emu.desk.card_image import RecordView, Seal
from meter_emu.rows import rows_of, text


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
    card = claimed_card(records.get(Sfi.IDENTITY, b""))
    for sfi, record in records.items():
        if sfi in set(Sfi):
            view = explain_record(Sfi(sfi), record, card, master)
            yield replace(view, place=f"{place}, {view.place}")


def _wrong(raw: bytes) -> str:
    """Say why the copy in a slot is not whole, as anyone who reads the card finds out."""
    try:
        whole: Container = parse_container(raw[: parse_head(raw[: HEAD.size_bytes]).size_bytes])
    except LayoutError as error:
        return str(error)
    want = ", ".join(str(sfi) for sfi in Sfi)
    return f"want records {want}, got {', '.join(map(str, whole.records)) or 'none'}"
