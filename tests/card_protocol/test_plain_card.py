"""The plain card: files and a PIN, no keys, and writes that a cut can leave in pieces."""

from collections.abc import Callable, Iterator
from itertools import chain, repeat
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.atr import Atr
from card_protocol.card.commands import PLAIN_ROWS, SECURE_ROWS
from card_protocol.card.image import CardImage, CardKind, LifeCycle
from card_protocol.card.virtual import PAGE_BYTES, PAGE_WRITE_US, PlainCard, SecureCard, card_of
from card_protocol.carrier.find import put_file
from card_protocol.carrier.replaced import whatever_lies_there
from card_protocol.errors import ApduError, LayoutError
from card_protocol.formats.container import FILE_SIZE_BYTES, TRANSPORT_PIN
from card_protocol.terminal import Terminal
from tests.card_protocol.cards import (
    GET_CHALLENGE,
    SELECT_DF,
    budget_image,
    counting_rng,
    plain_image,
    plain_powered,
    powered,
    read_command,
    verify_command,
)
from tests.cells import each_cell

SELECT_FILE = bytes.fromhex("00a4000c02be01")
DONE = b"\x90\x00"
OLD, BLANK, NEW, MIXED = range(4)  # what becomes of a cell


def update(offset: int, data: bytes) -> bytes:
    return bytes((0x00, 0xD6, offset >> 8, offset & 0xFF, len(data))) + data


def read(offset: int, size: int) -> bytes:
    return bytes((0x00, 0xB0, offset >> 8, offset & 0xFF, size))


def ready() -> PlainCard:
    """Return a card whose file is selected and whose PIN was shown."""
    card = plain_powered()
    assert card.transmit(SELECT_FILE) == DONE
    assert card.transmit(verify_command(TRANSPORT_PIN)) == DONE
    return card


def content(card: PlainCard) -> bytes:
    return card.image.contents[0]


def numbers(*values: int) -> Callable[[], int]:
    """A fate that says these and then 0 for ever."""
    stream: Iterator[int] = chain(values, repeat(0))
    return lambda: next(stream)


# Commands -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("t0", [False, True])
def test_everybody_reads_and_the_pin_writes(t0):
    card = plain_powered(t0=t0)
    assert card.transmit(SELECT_FILE) == DONE
    assert card.transmit(read(2, 4)) == content(card)[2:6] + DONE
    assert card.transmit(update(2, b"new!")) == b"\x69\x82"
    assert card.transmit(verify_command(TRANSPORT_PIN)) == DONE
    assert card.transmit(update(2, b"new!")) == DONE
    assert content(card)[2:6] == b"new!"


def test_a_card_without_keys_knows_no_authentication():
    card = plain_powered()
    for ins in SECURE_ROWS.keys() - PLAIN_ROWS.keys():
        assert card.transmit(bytes((0x00, ins, 0x00, 0x00, 0x08))) == b"\x6d\x00"
    assert card.transmit(GET_CHALLENGE) == b"\x6d\x00"
    assert card.transmit(SELECT_DF) == b"\x6a\x82"


def test_the_third_wrong_pin_blocks_writing_and_not_reading():
    card = plain_powered()
    card.transmit(SELECT_FILE)
    answers = [card.transmit(verify_command("0000")) for _ in range(3)]
    assert answers == [b"\x63\xc2", b"\x63\xc1", b"\x63\xc0"]
    assert card.image.life_cycle is LifeCycle.BLOCKED
    assert card.transmit(verify_command(TRANSPORT_PIN)) == b"\x69\x83"
    assert card.transmit(update(0, b"x")) == b"\x69\x85"
    assert card.transmit(read(0, 2)) == content(card)[:2] + DONE


def test_the_pin_does_not_outlive_the_power():
    card = ready()
    card.power_off()
    card.power_on()
    card.transmit(SELECT_FILE)
    assert card.transmit(update(0, b"x")) == b"\x69\x82"


@pytest.mark.parametrize("t0", [False, True])
def test_the_answer_to_reset_is_one_and_names_the_card(t0):
    card = PlainCard(plain_image(), t0=t0)
    atr = Atr.parse(card.power_on())
    assert atr.historical.endswith(b"\x65PLAIN")


# ISO/IEC 7816-4, "Card capabilities": DF selection, data units, and (last) extended lengths.
CAPABILITIES = {
    (SecureCard, True): "f40100", (SecureCard, False): "f40140",
    (PlainCard, True): "340100", (PlainCard, False): "340140",
}  # fmt: skip


def test_the_capabilities_in_the_answer_to_reset_are_what_the_card_does():
    for (kind, t0), want in CAPABILITIES.items():
        secure = kind is SecureCard
        card = powered(t0=t0) if secure else plain_powered(t0=t0)
        historical = Atr.parse(card.power_on()).historical
        assert historical[:5].hex() == "8073" + want
        named = card.transmit(bytes.fromhex("00a4040c0af06d657465722d656d75"))
        assert (named == DONE) is secure is bool(historical[2] & 0xC0), "by name, in part too"
        where = "df01ef01" if secure else "be01"
        path = bytes.fromhex(f"00a4080c{len(where) // 2:02x}{where}")
        assert card.transmit(path) == DONE, "by path"
        assert card.transmit(bytes.fromhex("00a4000c02" + where[:4])) == DONE, "by identifier"
        assert card.transmit(read_command(1, 4))[-2:] == DONE, "by short identifier"
        long = card.transmit(bytes.fromhex("00d60000000100") + bytes(256))
        extended = bool(historical[4] & 0x40)
        assert (long != b"\x67\x00") is extended is not t0, "extended lengths"
        assert card.transmit(bytes.fromhex("10a4000c023f00")) == b"\x68\x84", "no chaining"


def test_a_card_that_is_off_says_nothing():
    assert PlainCard(plain_image()).transmit(SELECT_FILE) == b""


@given(st.binary(max_size=40))
def test_any_bytes_are_answered(command):
    assert len(plain_powered().transmit(command)) >= 2


# Its image ----------------------------------------------------------------------------------------


def test_the_image_says_which_kind_it_is():
    raw = plain_image().to_bytes()
    assert raw[:2] == b"PC"
    assert CardImage.from_bytes(raw) == plain_image()
    assert CardImage.from_bytes(raw).kind is CardKind.PLAIN
    assert budget_image().to_bytes()[:2] == b"SC"
    assert isinstance(card_of(plain_image(), counting_rng()), PlainCard)
    assert isinstance(card_of(budget_image(), counting_rng()), SecureCard)


def test_a_plain_image_with_a_key_is_none():
    from tests.card_protocol.test_card_image import patched

    raw = patched(plain_image().to_bytes(), 0x24, b"\x01")
    with pytest.raises(LayoutError, match="at offset 20 expected keys of zeros in a plain card"):
        CardImage.from_bytes(raw)


def test_a_card_runs_images_of_its_own_kind_only():
    with pytest.raises(AssertionError, match="of its own kind"):
        PlainCard(budget_image())


# Cuts ---------------------------------------------------------------------------------------------


def test_it_writes_for_as_long_as_it_has_pages():
    card = ready()
    sizes = {1: 1, PAGE_BYTES: 1, PAGE_BYTES + 1: 2, 255: 4}
    for size, pages in sizes.items():
        assert card.writing_us(update(0, bytes(size))) == pages * PAGE_WRITE_US
    for command in (SELECT_FILE, read(0, 16), verify_command("1234"), b"", b"\x00"):
        assert card.writing_us(command) == 0
    assert SecureCard(budget_image(), bytes).writing_us(update(0, bytes(9))) == 0


@each_cell("size", [1, 63, 64, 65, 200, 255])
def test_a_cut_can_leave_any_prefix(size):
    data = bytes(range(1, size + 1))
    for done in range(size):
        card = ready()
        before = content(card)
        card.tear(update(100, data), numbers(-(-done * 256 // size)))
        assert content(card) == before[:100] + data[:done] + before[100 + done :]


def test_a_cut_can_leave_each_cell_old_blank_new_or_anything():
    card = ready()
    before = content(card)
    card.tear(update(0, b"\xa0\xa1\xa2\xa3"), numbers(0, OLD, BLANK, NEW, MIXED, 0x5A))
    assert content(card) == before[:1] + b"\xff\xa2\x5a" + before[4:]


def test_a_cut_touches_one_page_and_nothing_outside_the_command():
    for seed in range(300):
        card, fate = ready(), Random(seed)
        before, data = content(card), bytes(255)
        card.tear(update(10, data), numbers(*fate.choices(range(256), k=3 * PAGE_BYTES)))
        after = content(card)
        assert len(after) == FILE_SIZE_BYTES
        assert after[:10] == before[:10]
        assert after[265:] == before[265:]
        odd = [at for at in range(10, 265) if after[at] not in {0, before[at]}]
        assert not odd or odd[-1] - odd[0] < PAGE_BYTES


def test_a_torn_card_is_off_and_a_secure_one_keeps_the_old():
    card = ready()
    card.tear(update(0, b"x"), numbers())
    assert card.transmit(read(0, 1)) == b""
    secure = SecureCard(budget_image(), counting_rng())
    secure.power_on()
    secure.tear(update(0, b"x"), numbers())
    assert secure.transmit(SELECT_DF) == b""
    assert secure.image == budget_image()


def test_a_command_that_writes_nothing_tears_nothing():
    for command in (read(0, 4), verify_command("0000"), update(2000, b"x"), b"\x00"):
        card = ready()
        before = content(card)
        card.tear(command, numbers(255, BLANK))
        assert content(card) == before


def test_tearing_a_card_without_power_changes_nothing():
    card = PlainCard(plain_image())
    card.tear(update(0, b"x"), numbers(255, BLANK))
    assert card.image == plain_image()


# First content ------------------------------------------------------------------------------------

FILE_ID = 0xBE01  # as SELECT_FILE has it
NEW_FILE = bytes(range(256)) * (FILE_SIZE_BYTES // 256)


def test_a_first_content_is_all_of_the_file():
    card = plain_powered()
    put_file(Terminal(card.transmit), FILE_ID, NEW_FILE, whatever_lies_there)
    assert content(card) == NEW_FILE


@each_cell("at", [0, FILE_SIZE_BYTES // 2, FILE_SIZE_BYTES - 1])
def test_a_card_that_does_not_hold_its_first_content_is_named(at):
    """A worn cell, or a card that says 9000 to everything."""
    card = plain_powered()

    def worn(command: bytes) -> bytes:
        answer = card.transmit(command)
        begin = int.from_bytes(command[2:4], "big")
        if command[1] == 0xB0 and begin <= at < begin + len(answer) - 2:
            flipped = bytearray(answer)
            flipped[at - begin] ^= 0x10
            return bytes(flipped)
        return answer

    with pytest.raises(ApduError, match="does not hold what was written"):
        put_file(Terminal(worn), FILE_ID, NEW_FILE, whatever_lies_there)
