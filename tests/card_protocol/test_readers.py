"""How a terminal reaches a memory card: each make's commands, and what each answer means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.card.memory_card import Make, MemoryCard
from card_protocol.carrier.readers import ACS, PCSC, READERS, MemoryTerminal, Reader, find_reader
from card_protocol.errors import ApduError, LinkError, LinkErrorKind
from tests.card_protocol.cards import plain_powered, powered
from tests.card_protocol.scripted import ScriptedLink
from tests.card_protocol.test_sle4442 import CODE, an_image
from tests.cells import each_cell

MAKES = {Make.ACS: ACS, Make.PCSC: PCSC}
ON_EACH = pytest.mark.parametrize("make", list(Make), ids=lambda make: make.value)


def card_in(make: Make, counter: int = 7) -> MemoryCard:
    card = MemoryCard(an_image(counter), make=make)
    card.power_on()
    return card


def scripted(reader: Reader, *steps: tuple[str, str]) -> tuple[MemoryTerminal, ScriptedLink]:
    """Return a terminal on a reader that answers these bytes to those."""
    link = ScriptedLink([(bytes.fromhex(c), bytes.fromhex(r)) for c, r in steps])
    return MemoryTerminal(link.exchange, reader), link


# Against the bytes of the manuals -----------------------------------------------------------------


def test_acs_commands_are_those_of_the_manual():
    """ACR33U-A1 1.02, 8.3.6.2 to 8.3.6.7, written out."""
    terminal, link = scripted(
        ACS,
        ("ffb0002004", "01020304 9000"),
        ("ffb1000004", "07000000 9000"),
        ("ffb1000004", "07000000 9000"),
        ("ff20000003c0de42", "9007"),
        ("ffd0002002abcd", "9000"),
        ("ffb0002002", "abcd 9000"),
    )
    assert terminal.read(32, 4) == b"\x01\x02\x03\x04"
    assert terminal.tries_left() == 3
    terminal.present(CODE)
    terminal.write(32, b"\xab\xcd")
    assert link.finished


def test_pcsc_commands_are_those_of_the_standard():
    terminal, link = scripted(
        PCSC,
        ("ffb0002004", "01020304 9000"),
        ("ff20000003c0de42", "9000"),
        ("ffd6002002abcd", "9000"),
        ("ffb0002002", "abcd 9000"),
    )
    assert terminal.read(32, 4) == b"\x01\x02\x03\x04"
    assert terminal.tries_left() is None
    terminal.present(CODE)
    terminal.write(32, b"\xab\xcd")
    assert link.finished


def test_four_bytes_of_protection_bits_after_the_data_are_left_out():
    """ACR38x 6.02, 9.2.2.6.1 and ACR1281U 6.2: PROT 1 to PROT 4 follow the data."""
    terminal, _ = scripted(ACS, ("ffb0002002", "abcd ffffffff 9000"))
    assert terminal.read(32, 2) == b"\xab\xcd"
    for reader, answer in ((PCSC, "abcd ffffffff 9000"), (ACS, "abcdff 9000"), (ACS, "ab 9000")):
        terminal, _ = scripted(reader, ("ffb0002002", answer))
        with pytest.raises(ApduError, match="read at 32: expected 2 bytes"):
            terminal.read(32, 2)


@each_cell("sw", range(0x9000, 0x9010))
def test_of_an_acs_reader_only_9007_is_a_right_code(sw):
    terminal, _ = scripted(ACS, ("ffb1000004", "07000000 9000"), ("ff20000003c0de42", f"{sw:04x}"))
    if sw == 0x9007:
        terminal.present(CODE)
        return
    left = (sw & 7).bit_count()
    want = f"wrong code, tries left: {left}" if sw < 0x9007 else f"present code: {sw:04X}"
    with pytest.raises(ApduError, match=want):
        terminal.present(CODE)


def test_9000_of_an_acs_reader_is_a_dead_card():
    terminal, _ = scripted(ACS, ("ffb1000004", "03000000 9000"), ("ff20000003c0de42", "9000"))
    with pytest.raises(ApduError, match="wrong code, tries left: 0"):
        terminal.present(CODE)


@each_cell(("sw", "left"), [("63c2", 2), ("63c1", 1), ("63c0", 0), ("6983", 0)])
def test_a_wrong_code_in_a_pcsc_reader(sw, left):
    terminal, _ = scripted(PCSC, ("ff20000003c0de42", sw))
    with pytest.raises(ApduError, match=f"wrong code, tries left: {left}"):
        terminal.present(CODE)


# Against the virtual reader -----------------------------------------------------------------------


@ON_EACH
def test_the_terminal_finds_the_make_and_costs_no_try(make):
    card = card_in(make)
    terminal = find_reader(card.transmit)
    assert terminal.reader is MAKES[make]
    assert card.image == an_image()


@pytest.mark.slow("a reader in each example")
@ON_EACH
@given(at=st.integers(0, 255), data=st.data())
def test_what_is_written_is_read_back(make, at, data):
    card = card_in(make)
    terminal = find_reader(card.transmit)
    terminal.present(CODE)
    size = data.draw(st.integers(1, min(255, 256 - at)))
    new = data.draw(st.binary(min_size=size, max_size=size))
    if at < 4 and new[: 4 - at] != an_image().main[at:4][: len(new)]:
        with pytest.raises(ApduError, match="does not hold what was written"):
            terminal.write(at, new)  # the header is protected
    else:
        terminal.write(at, new)
        assert card.image.main[at : at + size] == new
        assert terminal.read(at, size) == new


@ON_EACH
def test_a_write_without_the_code_is_seen(make):
    terminal = find_reader(card_in(make).transmit)
    with pytest.raises(ApduError, match="write at 40"):
        terminal.write(40, b"\x00")


def test_the_last_try_is_never_taken():
    card = card_in(Make.ACS)
    for left in (2, 1):
        card.power_on()
        with pytest.raises(ApduError, match=f"wrong code, tries left: {left}"):
            find_reader(card.transmit).present(bytes(3))
    for _ in range(3):
        card.power_on()
        with pytest.raises(ApduError, match="not presented, tries left: 1"):
            find_reader(card.transmit).present(CODE)
    assert card.image.tries_left == 1


@pytest.mark.parametrize("card", [powered(), plain_powered()], ids=["secure", "plain"])
def test_a_file_card_is_no_memory_card(card):
    with pytest.raises(ApduError, match="no memory card"):
        find_reader(card.transmit)


@given(st.lists(st.binary(min_size=2, max_size=8), min_size=12, max_size=12))
def test_whatever_a_reader_answers_is_a_terminal_or_an_error(answers):
    said = iter(answers)
    try:
        terminal = find_reader(lambda _command: next(said))
        terminal.present(CODE)
        terminal.read(32, 4)
    except ApduError:
        return
    assert terminal.reader in READERS


def test_a_card_that_goes_is_a_link_error():
    link = ScriptedLink([(bytes.fromhex("ffa400000106"), LinkErrorKind.CARD_GONE)])
    with pytest.raises(LinkError, match="card removed"):
        find_reader(link.exchange)
