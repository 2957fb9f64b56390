"""A first content is written over nothing that anybody would miss, and no secret is sent before."""

from collections.abc import Iterator
from random import Random

import pytest

from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage, card_of
from card_protocol.carrier.find import find_memory, put_file
from card_protocol.carrier.first_content import put_cells
from card_protocol.carrier.replaced import (
    Confirm,
    Held,
    Lies,
    held_in_cells,
    refuse_loss,
    whatever_lies_there,
)
from card_protocol.errors import ApduError
from card_protocol.formats.budget.compact import DESK_AT, DESK_PART
from card_protocol.terminal import Terminal
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY

METER, OTHER, MINUTE = 541_000_000_001, 541_000_000_002, 10_000_000
VERIFY = 0x20  # of a plain card; PRESENT_CODE of a memory card's reader
KINDS = (CardKind.PLAIN, CardKind.MEMORY)


def issued(kind: CardKind, meter_id: int = METER, number: int = 1, cents: int = 0) -> AnyImage:
    desk = Desk(TEST_MASTER_KEY)
    image = desk.issue(meter_id, card_number=number, issued_at_min=MINUTE, card_kind=kind)
    card = card_of(image, Random(0).randbytes)
    if cents:
        card.power_on()
        desk.serve(card.transmit, Work(load_cents=cents), issued_at_min=MINUTE + 1)
        card.power_off()
    return card.image


def holding(image: AnyImage, content: bytes) -> AnyImage:
    """Return a card with other content, with the transport code where it has a code."""
    if isinstance(image, MemoryImage):
        main = image.main[:32] + content.ljust(224, b"\xff")[:224]
        return MemoryImage(main=main, protection=image.protection, counter=7, code=b"\xff" * 3)
    assert isinstance(image, CardImage)
    size = len(image.contents[0])
    return image.with_part(0, 0, content.ljust(size, b"\xff")[:size])


def put(held: AnyImage, following: AnyImage, confirm: Confirm) -> tuple[Held, list[bytes]]:
    """Put one image over another; return what it replaced, and what was sent up to a refusal."""
    card, sent = card_of(held, Random(0).randbytes), list[bytes]()
    card.power_on()
    PUTS.append(sent)

    def exchange(command: bytes) -> bytes:
        sent.append(command)
        return card.transmit(command)

    if isinstance(following, MemoryImage):
        found = put_cells(find_memory(Terminal(exchange)), following.main, following.code, confirm)
    else:
        assert isinstance(following, CardImage)
        (spec,), (content,) = following.tree.specs, following.contents
        found = put_file(Terminal(exchange), spec.fid, content, confirm)
    return found, sent


PUTS: list[list[bytes]] = []


def body(image: AnyImage) -> bytes:
    return image.main[32:] if isinstance(image, MemoryImage) else image.contents[0]


def refused(kind: CardKind) -> Iterator[tuple[AnyImage, AnyImage, str]]:
    """Yield what lies there, what is to follow, and what the refusal must name."""
    new = issued(kind)
    yield issued(kind, cents=5_000), new, "card 1 of meter 541000000001, 50.00 loaded, order 0"
    yield issued(kind, OTHER), new, "card 1 of meter 541000000002, 0.00 loaded"
    yield issued(kind, number=2), new, "card 2 of meter 541000000001"
    yield holding(new, b"somebody's loyalty points"), new, "none of ours"


@pytest.mark.parametrize("kind", KINDS)
def test_what_somebody_would_miss_is_named_and_no_secret_is_sent(kind):
    for held, following, named in refused(kind):
        with pytest.raises(ApduError, match=named):
            put(held, following, refuse_loss)
        assert [one for one in PUTS[-1] if one[1] == VERIFY] == [], named


@pytest.mark.parametrize("kind", KINDS)
def test_what_nobody_would_miss_is_written_over(kind):
    new, loaded = issued(kind), issued(kind, cents=5_000)
    for name, held in (
        ("blank", holding(new, b"")),
        ("begun", holding(new, b"\xff" * 4 + body(new)[4:60])),
        ("card 1", new),
    ):
        found, sent = put(held, new, refuse_loss)
        assert str(found).startswith(name)
        assert [one for one in sent if one[1] == VERIFY], name
    found, _ = put(new, loaded, refuse_loss)
    assert "0.00 loaded" in str(found), "an older state of the same card"


def test_a_memory_card_of_ours_without_a_whole_record_says_nothing_of_money_and_orders():
    image = issued(CardKind.MEMORY, number=3, cents=5_000)
    assert isinstance(image, MemoryImage)
    main = bytearray(image.main)
    for at in DESK_AT:
        main[at : at + DESK_PART.size_bytes] = b"\xff" * DESK_PART.size_bytes
    assert held_in_cells(bytes(main), image.main) == Held(Lies.OURS, METER, 3)


def test_who_insists_writes_over_a_foreign_plain_card():
    new = issued(CardKind.PLAIN)
    found, _ = put(holding(new, b"somebody's"), new, whatever_lies_there)
    assert str(found) == "none of ours"
