"""An image, or a copy of a plain card's records, of which one field is impossible: refused there.

Offsets and limits are those of `docs/images.md` and `docs/card-format.md`, written here again.
"""

from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Final
from zlib import crc32

from card_protocol.card.image import CardImage, CardKind, blank, personalise
from card_protocol.errors import LayoutError
from card_protocol.formats.container import Container, claimed_records, parse_container
from meter_emu.laws.judged import law_with_runs
from meter_emu.laws.law import Broken, Finding, Trial, chance
from meter_emu.world.rehearsal.engine import rig_of

_TABLE, _ROW = 0x44, 9  # of an image's files
_SLOT: Final = 512
_HEAD, _PLACE = 10, 3  # of a copy: its head, a row of its table


@law_with_runs(id="impossible-image", properties=("P4",), presumes="the built-in formats")
def impossible_image(trial: Trial) -> Finding:
    """An image that no card can have is refused, at the byte that is wrong."""
    random = chance(trial, "refusals")
    rig = rig_of(trial.household, trial.campaign)
    secure, plain = (
        rig.desk.issue(1, issued_at_min=0, card_kind=kind).to_bytes()
        for kind in (CardKind.SECURE, CardKind.PLAIN)
    )
    for words in (*_of_image(secure, plain, random), *_made(secure, random), *_of_copy(random)):
        return Broken(words)
    return None


def _sealed(body: bytes) -> bytes:
    return body + crc32(body).to_bytes(4, "big")


def _put(raw: bytes, at: int, new: bytes) -> bytes:
    """Return an image with other bytes, its size and CRC right."""
    body = bytearray(raw[:-4])
    body[at : at + len(new)] = new
    return _sealed(bytes(body))


def _of_image(secure: bytes, plain: bytes, random: Random) -> Iterator[str]:
    for raw in (secure, plain, blank().to_bytes()):
        if CardImage.from_bytes(raw).to_bytes() != raw:
            yield "an image is another when it is saved again"
    row = _TABLE + _ROW * random.randrange(secure[8])
    longer = secure[:-4] + b"\0"
    longer = _sealed(longer[:4] + (len(longer) + 4).to_bytes(4, "big") + longer[8:])
    wrong = (
        (_put(secure, 0, b"XX"), 0), (secure[:_TABLE], 0), (_put(secure, 2, b"\2"), 2),
        (_put(secure, 2, b"\0"), 2), (_put(secure, 3, b"\2"), 3), (_put(secure, 3, b"\x08"), 3),
        (_put(secure, 4, (len(secure) + 1).to_bytes(4, "big")), 4),
        (_put(secure, 4, (len(secure) - 1).to_bytes(4, "big")), 4),
        (_put(secure, 8, b"\xff"), 8), (longer, 8), (_put(secure, row + 8, b"\x01"), 8),
        (_put(secure, 9, b"\4"), 9), (_put(secure, 10, b"\x0b"), 10),
        (_put(secure, 11, b"\x0b"), 11), (_put(secure, 9, b"\0"), 9),
        (_put(secure, 3, b"\x0c"), 9), (_put(secure, 12, b"\xff" * 8), 12),
        (_put(secure, 12, b"12a4"), 12), (_put(plain, 0x43, b"\1"), 0x14),
        (_put(secure, row + 5, b"\x10"), row + 5), (_put(secure, row + 6, b"\x10"), row + 6),
        (secure[:-1] + bytes((secure[-1] ^ 1,)), len(secure) - 4),
    )  # fmt: skip
    for image, at in wrong:
        yield from _refused(lambda image=image: CardImage.from_bytes(image), at, "an image")
    for at, most in ((9, 3), (10, 10), (11, 10)):
        full = CardImage.from_bytes(_put(secure, at, bytes((most,))))
        if full.tries_left[at - 9] != most:
            yield f"byte {at} of an image is read as {full.tries_left}"
    blocked = _put(_put(secure, 3, b"\x0c"), 10, b"\0")
    if CardImage.from_bytes(blocked).to_bytes() != blocked:
        yield "the image of a blocked card is another when it is saved again"


def _made(secure: bytes, random: Random) -> Iterator[str]:
    """A card is made of as many contents as it has files, each of its size, and of a PIN."""
    card = CardImage.from_bytes(secure)
    make = partial(
        personalise, meter_key=card.meter_key, desk_key=card.desk_key, card_key=card.card_key
    )
    own, place = card.contents, random.randrange(len(card.contents))
    before, content, after = own[:place], own[place], own[place + 1 :]
    wrong = (
        ((*before, content[:-1], *after), "1234", 0),
        ((*before, content + b"\0", *after), "1234", 0),
        ((*before, *after), "1234", 0x44), ((*own, content), "1234", 0x44),
        (own, "123", 0), (own, "123456789", 0), (own, "12a4", 0),
    )  # fmt: skip
    for contents, pin, at in wrong:
        yield from _refused(partial(make, card.tree, contents, pin=pin), at, "a new card")
    for pin in ("1234", "12345678"):
        new = make(card.tree, own, pin=pin)
        if CardImage.from_bytes(new.to_bytes()) != new or new.contents != own:
            yield "a new card is another when it is saved"


def _of_copy(random: Random) -> Iterator[str]:
    records = {sfi: random.randbytes(random.randrange(5, 21)) for sfi in (1, 2, 9)}
    sequence = random.choice((0, 1, 2**32 - 1))
    raw = Container(sequence, records).to_bytes()
    if parse_container(raw) != Container(sequence, records):
        yield "a copy of records is another when it is read"
    rows = b"".join(bytes((sfi,)) + len(one).to_bytes(2, "big") for sfi, one in records.items())
    body = b"PE\1\3" + sequence.to_bytes(4, "big") + len(raw).to_bytes(2, "big") + rows
    if raw != _sealed(body + b"".join(records.values())):
        yield "a copy of records has other bytes than its page says"
    end = _HEAD + _PLACE * len(records)
    crc = len(raw) - 4
    wrong = (
        (_put(raw, 0, b"X"), 0), (_put(raw, 2, b"\2"), 2), (_put(raw, 3, b"\x1f"), 3),
        (_put(raw, 3, b"\x1e"), 3), (_put(raw, 8, b"\0\x0d"), 8), (_put(raw, 8, b"\2\1"), 8),
        (_put(raw, 8, (len(raw) - 1).to_bytes(2, "big")), 8), (raw + b"\0", 8),
        (raw[:-1] + bytes((raw[-1] ^ 1,)), crc), (_put(raw, end - 1, b"\x50"), 8),
        (_put(raw, _HEAD, b"\2"), 3), (_empty_records(31), 3),
    )  # fmt: skip
    if len(parse_container(_empty_records(30)).records) != 30:
        yield "a copy of as many records as a card can have is another when it is read"
    cut = random.randrange(len(raw))
    claimed = claimed_records(raw[:cut])
    if claimed_records(raw) != records or not claimed.items() <= records.items():
        yield f"of a copy, or of its first {cut} bytes, other records are shown"
    for copy, at in wrong:
        yield from _refused(lambda copy=copy: parse_container(copy), at, "a copy of records")
    room = _SLOT - _HEAD - _PLACE - 4
    if len(Container(1, {1: bytes(room)}).to_bytes()) != _SLOT:
        yield "a slot is not filled"
    yield from _refused(lambda: Container(1, {1: bytes(room + 1)}).to_bytes(), 8, "a copy")
    yield from _refused(lambda: Container(2**32, {}).to_bytes(), 4, "a copy")
    yield from _next(Container(sequence & 0xFFFF, records), random)


def _empty_records(count: int) -> bytes:
    """Return a copy of so many records, each of 0 bytes."""
    rows = b"".join(bytes((sfi, 0, 0)) for sfi in range(1, count + 1))
    return _sealed(b"PE\1" + bytes((count, 0, 0, 0, 0, 0, _HEAD + len(rows) + 4)) + rows)


def _next(copy: Container, random: Random) -> Iterator[str]:
    """The next copy has what was written from the start of a record, and the rest as it was."""
    sfi, old = 9, copy.records[9]
    new = random.randbytes(random.randrange(len(old) + 1))
    after = copy.after({sfi: new})
    if after.sequence != copy.sequence + 1:
        yield "the next copy has another number"
    if after.records != {**copy.records, sfi: new + old[len(new) :]}:
        yield "the next copy has other records"
    if copy.record(sfi, len(old)) != old:
        yield "a record is another"
    yield from _refused(lambda: copy.record(sfi, len(old) + 1), 0, "a record")
    yield from _refused(lambda: copy.record(7, 1), 0, "a record")


def _refused(ask: object, at: int, what: str) -> Iterator[str]:
    assert callable(ask), "it is one of the calls above"
    try:
        ask()
    except LayoutError as error:
        if error.offset != at:
            yield f"{what} wrong at {at:#x} is refused for {error.offset:#x}"
        return
    yield f"{what} wrong at {at:#x} is taken"
