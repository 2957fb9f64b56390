"""A copy of a real card: what anyone may read on it, and of the rest what a new card has."""

import pytest

from card_protocol.card.files import FileTree
from card_protocol.card.image import CardImage, personalise
from card_protocol.card.memory_card import Make, MemoryCard
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import card_of
from card_protocol.carrier.copied import copied
from card_protocol.errors import ApduError
from card_protocol.formats.budget import DF_OF
from card_protocol.formats.budget.making import new_plain_card
from card_protocol.link.guarded import READS
from card_protocol.terminal import Terminal
from tests.card_protocol.cards import budget_image, counting_rng
from tests.cards import memory_card
from tests.cells import each_cell

TRANSPORT = b"\xff\xff\xff"
MAIN = bytes.fromhex("a2131091") + bytes(range(4, 256))
CONTENT = bytes(at * 7 % 251 for at in range(1_024))


def chip(counter: int) -> MemoryImage:
    return MemoryImage(main=MAIN, protection=bytes(4), counter=counter, code=b"\x12\x34\x56")


def copy_of(card: MemoryCard | CardImage) -> tuple[object, list[bytes]]:
    """Return the copy, and what was sent for it."""
    sent: list[bytes] = []
    slot = card if isinstance(card, MemoryCard) else card_of(card, counting_rng())
    slot.power_on()

    def exchange(command: bytes) -> bytes:
        sent.append(command)
        return slot.transmit(command)

    return copied(Terminal(exchange)), sent


@each_cell("counter", range(8))
@each_cell("make", list(Make))
def test_a_chip_is_copied_with_its_tries_where_its_reader_tells_them(make, counter):
    copy, sent = copy_of(MemoryCard(chip(counter), make=make))
    image = memory_card(copy)  # type: ignore[arg-type]
    left = counter.bit_count() if make is Make.ACS else 3
    assert image.main == MAIN
    assert (image.tries_left, image.counter) == (left, (0, 1, 3, 7)[left])
    assert (image.code, image.protection) == (TRANSPORT, bytes.fromhex("30ff1ff8"))
    assert {(command[0], command[1]) for command in sent} <= set(READS)


@each_cell("df", DF_OF.values())
def test_a_plain_card_is_copied_whole_for_each_energy(df):
    image = new_plain_card(CONTENT, df)
    copy, sent = copy_of(image.with_tries(0, 1))
    assert copy == image, "its tries are those of a new card"
    assert {(command[0], command[1]) for command in sent} <= set(READS)


def test_a_secure_card_is_not_copied():
    with pytest.raises(ApduError, match="a secure card shows its records to who has a key"):
        copy_of(budget_image())


def test_a_card_without_our_files_is_not_copied():
    key = budget_image().desk_key
    empty = personalise(FileTree(()), (), pin="1234", meter_key=key, desk_key=key, card_key=key)
    with pytest.raises(ApduError, match="no budget card"):
        copy_of(empty)


@each_cell("number", range(1, 5))
def test_a_card_that_refuses_for_another_reason_is_asked_no_more(number):
    """MF, then a secure card's file, a plain one's, the next energy's."""
    answers = [b"\x90\x00", *[b"\x6a\x82"] * 3]
    answers[number - 1] = b"\x69\x85"
    sent: list[bytes] = []

    def exchange(command: bytes) -> bytes:
        sent.append(command)
        return answers[len(sent) - 1]

    with pytest.raises(ApduError) as refused:
        copied(Terminal(exchange))
    assert refused.value.sw == 0x6985
    assert len(sent) == number
