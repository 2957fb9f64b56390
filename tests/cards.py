"""What lies on a card of any kind, as bytes, read and put there behind everybody's back.

A memory card has no records but parts: asked for a record it shows the part that carries it, the
copy in force under the bench key; what is put there is the only copy.
"""

from dataclasses import replace
from typing import Any

from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage
from card_protocol.carrier.find import laid_open
from card_protocol.formats.budget import Sfi
from card_protocol.formats.budget.compact import (
    DESK_AT,
    DESK_PART,
    IDENTITY_AT,
    IDENTITY_PART,
    METER_AT,
    METER_PART,
    compact_in_force,
    desk_part,
    identity_part,
    seal_part,
)
from card_protocol.formats.budget.generations import CardRecords
from card_protocol.formats.budget.making import record_on, sealed_records, with_record
from card_protocol.keys import Key, Purpose, derive
from card_protocol.layout import Layout
from meter_emu.desk.published_key import TEST_MASTER_KEY

PARTS: dict[Sfi, tuple[Layout[Any], tuple[int, ...], Purpose]] = {
    Sfi.IDENTITY: (IDENTITY_PART, (IDENTITY_AT,), Purpose.DESK_RECORD),
    Sfi.DESK: (DESK_PART, DESK_AT, Purpose.DESK_RECORD),
    Sfi.WRITE_BACK: (METER_PART, METER_AT, Purpose.METER_RECORD),
}


def file_card(image: AnyImage) -> CardImage:
    """Return an image that is known to be a file card's."""
    assert isinstance(image, CardImage)
    return image


def memory_card(image: AnyImage) -> MemoryImage:
    """Return an image that is known to be a memory card's."""
    assert isinstance(image, MemoryImage)
    return image


def raw_on(image: AnyImage, sfi: Sfi) -> bytes:
    """Return the bytes of a record, or of the part that carries it; FF where there is none."""
    if isinstance(image, CardImage):
        return record_on(image, sfi)
    layout, places, purpose = PARTS[sfi]
    raws = tuple(image.main[at : at + layout.size_bytes] for at in places)
    if len(raws) == 1:
        return raws[0]
    card = laid_open(image).claimed().card_id(CardKind.MEMORY)
    found = compact_in_force(layout, raws, derive(TEST_MASTER_KEY, purpose, card.meter_id), card)
    return b"\xff" * layout.size_bytes if found is None else raws[found.copy]


def with_raw(image: AnyImage, sfi: Sfi, raw: bytes) -> AnyImage:
    """Return the card with that record or part replaced, past all rules."""
    if isinstance(image, CardImage):
        return with_record(image, sfi, raw)
    _, places, _ = PARTS[sfi]
    for at in places[1:]:
        image = image.with_main(at, b"\xff" * len(raw))
    return image.with_main(places[0], raw)


def resealed(image: AnyImage, sfi: Sfi, **changes: Any) -> AnyImage:
    """Return the card with a record changed, and everything sealed as only the desk can."""
    card = laid_open(image)
    key = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, card.claimed().meter_id)
    contents = card.contents(key)
    name = sfi.name.lower()
    contents = contents._replace(**{name: replace(getattr(contents, name), **changes)})
    return with_contents(image, contents, key)


def with_contents(image: AnyImage, contents: CardRecords, key: Key) -> AnyImage:
    """Return the card with what a desk writes replaced, sealed under `key`."""
    if isinstance(image, CardImage):
        for sfi, raw in sealed_records(contents, key, image.kind).items():
            image = with_record(image, sfi, raw)
        return image
    card = contents.identity.card_id(CardKind.MEMORY)
    identity = seal_part(IDENTITY_PART, identity_part(contents.identity), key, card)
    desk = seal_part(DESK_PART, desk_part(contents.desk, 1), key, card)
    return with_raw(with_raw(image, Sfi.IDENTITY, identity), Sfi.DESK, desk)
