"""The SLE4442 as its data sheet (Siemens, 07.95) has it, and two readers around it."""

from collections.abc import Callable, Iterator
from itertools import chain, permutations, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.atr import Atr
from card_protocol.card.memory_card import ROWS, Make, MemoryCard
from card_protocol.card.sle4442 import MemoryImage, Sle4442
from card_protocol.errors import LayoutError
from tests.cells import each_cell

CODE = bytes.fromhex("c0de42")
HEADER = bytes.fromhex("a2131091")
DONE = b"\x90\x00"


def an_image(counter: int = 7) -> MemoryImage:
    """Return a chip of the bytes 0, 1, 2, … after the header, nothing protected but that."""
    main = HEADER + bytes(range(4, 256))
    return MemoryImage(main=main, protection=b"\xf0\xff\xff\xff", counter=counter, code=CODE)


def opened(chip: Sle4442 | None = None) -> Sle4442:
    """Return a chip whose code was verified by the commands of the data sheet."""
    chip = chip or Sle4442(an_image())
    chip.update_security(0, chip.image.counter & (chip.image.counter - 1))
    for at, value in enumerate(CODE, start=1):
        chip.compare(at, value)
    chip.update_security(0, 0xFF)
    chip.phases.clear()
    return chip


def acs(image: MemoryImage | None = None) -> MemoryCard:
    card = MemoryCard(image or an_image())
    assert card.power_on() == bytes.fromhex("3b04a2131091")
    assert card.transmit(bytes.fromhex("ffa400000106")) == DONE
    return card


def pcsc(image: MemoryImage | None = None) -> MemoryCard:
    card = MemoryCard(image or an_image(), make=Make.PCSC)
    card.power_on()
    return card


def present(code: bytes) -> bytes:
    return bytes.fromhex("ff20000003") + code


def numbers(*values: int) -> Callable[[], int]:
    """A fate that says these and then 0 for ever."""
    stream: Iterator[int] = chain(values, repeat(0))
    return lambda: next(stream)


# The chip -----------------------------------------------------------------------------------------


def test_everything_but_the_code_is_read_without_the_code():
    chip = Sle4442(an_image())
    assert chip.read_main(0) == an_image().main
    assert chip.read_main(250) == bytes(range(250, 256))
    assert chip.read_protection() == b"\xf0\xff\xff\xff"
    assert chip.read_security() == b"\x07\x00\x00\x00"
    assert opened().read_security() == b"\x07" + CODE


def test_nothing_is_written_without_the_code():
    chip = Sle4442(an_image())
    chip.update_main(100, 0)
    chip.write_protection(10, 10)
    chip.update_security(2, 0)
    assert chip.image == an_image()


def test_a_byte_is_erased_and_written_only_as_far_as_it_must():
    """Data sheet 2.3: erase and write 5 ms, either alone 2.5 ms."""
    for old, new, phases in ((0x0F, 0xF0, 2), (0x0F, 0x0E, 1), (0x0F, 0xFF, 1), (0xFF, 0x00, 1)):
        chip = opened(Sle4442(an_image().with_main(100, bytes((old,)))))
        chip.update_main(100, new)
        assert chip.image.main[100] == new
        assert len(chip.phases) == phases
    assert [image.main[100] for image in _phases(0x0F, 0xF0)] == [0xFF, 0xF0]


def _phases(old: int, new: int) -> list[MemoryImage]:
    chip = opened(Sle4442(an_image().with_main(100, bytes((old,)))))
    chip.update_main(100, new)
    return chip.phases


def test_a_protected_byte_never_changes_again():
    chip = opened()
    chip.write_protection(20, 21)  # compared first: another value protects nothing
    assert not chip.image.protected(20)
    chip.write_protection(20, 20)
    assert chip.image.protection == b"\xf0\xff\xef\xff"
    chip.update_main(20, 0)
    assert chip.image.main[20] == 20
    again = opened(Sle4442(chip.image))
    again.update_main(20, 0)
    again.write_protection(20, 20)
    assert again.image == chip.image


def test_only_the_first_32_bytes_can_be_protected():
    chip = opened()
    for at in range(32, 256):
        chip.write_protection(at, chip.image.main[at])
    assert chip.image == an_image()
    for at in range(32):
        chip.write_protection(at, chip.image.main[at])
    assert chip.image.protection == bytes(4)


def test_three_wrong_codes_block_for_good():
    image = an_image()
    for left in (2, 1, 0):
        chip = Sle4442(image)
        chip.update_security(0, chip.image.counter & (chip.image.counter - 1))
        for at, value in enumerate(b"\x00\x00\x00", start=1):
            chip.compare(at, value)
        chip.update_security(0, 0xFF)
        image = chip.image
        assert (image.tries_left, chip.verified) == (left, False)
    chip = opened(Sle4442(image))
    assert not chip.verified
    chip.update_main(100, 0)
    assert chip.image == image


@each_cell("bit", range(24))
def test_a_code_with_one_wrong_bit_opens_nothing(bit):
    code = bytearray(CODE)
    code[bit // 8] ^= 1 << bit % 8
    card = acs()
    assert card.transmit(present(bytes(code))) == b"\x90\x06"
    assert card.transmit(bytes.fromhex("ffd0006401aa")) == DONE, "the chip reports nothing"
    assert card.image == an_image(counter=6)


def test_without_a_counter_bit_spent_the_right_code_opens_nothing():
    for counter in (7, 0xFF):
        chip = Sle4442(an_image())
        chip.update_security(0, counter)
        for at, value in enumerate(CODE, start=1):
            chip.compare(at, value)
        assert not chip.verified


@each_cell("order", [o for o in permutations((1, 2, 3)) if o != (1, 2, 3)])
def test_the_code_is_compared_in_order_only(order):
    chip = Sle4442(an_image())
    chip.update_security(0, 6)
    for at in order:
        chip.compare(at, CODE[at - 1])
    assert not chip.verified


BETWEEN: dict[str, Callable[[Sle4442], object]] = {
    "read main": lambda chip: chip.read_main(0),
    "read protection": lambda chip: chip.read_protection(),
    "read security": lambda chip: chip.read_security(),
    "update main": lambda chip: chip.update_main(40, 0),
    "write protection": lambda chip: chip.write_protection(10, 10),
    "update security": lambda chip: chip.update_security(1, 0),
    "compare": lambda chip: chip.compare(1, CODE[0]),
}


@each_cell("what", BETWEEN)
@each_cell("after", [0, 1, 2])
def test_any_other_command_inside_the_verification_fails_it(what, after):
    chip = Sle4442(an_image())
    chip.update_security(0, 6)
    for at, value in enumerate(CODE, start=1):
        if at == after + 1 and (what, after) != ("compare", 0):
            BETWEEN[what](chip)
        chip.compare(at, value)
    assert chip.verified is ((what, after) == ("compare", 0))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 255), st.integers(0, 255))))
def test_no_commands_that_miss_the_code_change_memory_or_raise_the_counter(commands):
    chip = Sle4442(an_image())
    before = 7
    for command, at, value in commands:
        if command == 0:
            chip.compare(at, value if at != 3 else CODE[2] ^ 1)
        else:
            (chip.update_main, chip.write_protection, chip.update_security, chip.compare,
             lambda a, _v: chip.read_main(a))[command - 1](
                at, value if (command, at) != (4, 3) else CODE[2] ^ 1
            )  # fmt: skip
        assert chip.image.counter & ~before == 0
        before = chip.image.counter
    assert chip.image.main == an_image().main
    assert chip.image.protection == an_image().protection
    assert chip.image.code == CODE


# Its image ----------------------------------------------------------------------------------------


def test_the_image_is_every_cell_and_comes_back():
    raw = an_image(5).to_bytes()
    assert raw[:4] == b"MC\x01\x00"
    assert raw[4:260] == an_image().main
    assert raw[260:268] == b"\xf0\xff\xff\xff\x05" + CODE
    assert MemoryImage.from_bytes(raw) == an_image(5)


def test_an_image_with_any_byte_changed_is_none():
    raw = an_image().to_bytes()
    for at in range(len(raw)):
        with pytest.raises(LayoutError):
            MemoryImage.from_bytes(raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :])
    for wrong in (b"", raw[:-1], raw + b"\0"):
        with pytest.raises(LayoutError):
            MemoryImage.from_bytes(wrong)


def test_cells_of_another_size_are_no_chip():
    with pytest.raises(LayoutError, match=r"main memory.*expected 256 bytes"):
        MemoryImage(main=b"", protection=bytes(4), counter=7, code=CODE)
    with pytest.raises(LayoutError, match=r"error counter.*expected three bits, got 08"):
        an_image(8)


def test_the_code_is_not_printed():
    assert CODE.hex() not in repr(an_image())
    assert repr(CODE)[2:-1] not in repr(an_image())


# In a reader --------------------------------------------------------------------------------------


def test_the_answer_to_reset_is_the_header_behind_3b04():
    atr = MemoryCard(an_image()).power_on()
    assert Atr.parse(atr).historical == HEADER


def test_a_card_without_its_header_is_not_known_any_more():
    card = MemoryCard(an_image().with_main(0, b"\x00"))
    assert card.power_on() == b""
    assert card.transmit(bytes.fromhex("ffa400000106")) == b""


def test_acs_readers_answer_as_their_manual_says():
    """ACR33U-A1 1.02, 8.3.6: the bytes of the manual, written out."""
    card = MemoryCard(an_image())
    card.power_on()
    assert card.transmit(bytes.fromhex("ffb0002004")) == b"\x69\x85"  # before SELECT_CARD_TYPE
    assert card.transmit(bytes.fromhex("ffa400000106")) == DONE
    assert card.transmit(bytes.fromhex("ffb0002004")) == bytes.fromhex("20212223") + DONE
    assert card.transmit(bytes.fromhex("ffb1000004")) == bytes.fromhex("07000000") + DONE
    assert card.transmit(bytes.fromhex("ffb2000004")) == bytes.fromhex("f0ffffff") + DONE
    assert card.transmit(present(CODE)) == b"\x90\x07"
    assert card.transmit(bytes.fromhex("ffd0002002abcd")) == DONE
    assert card.transmit(bytes.fromhex("ffb0002003")) == bytes.fromhex("abcd22") + DONE
    assert card.transmit(bytes.fromhex("ffd1000a020a0c")) == DONE
    assert card.image.protected(10)
    assert not card.image.protected(11)  # its byte is not 0C
    assert card.transmit(bytes.fromhex("ffd2000103112233")) == DONE
    assert card.image.code == bytes.fromhex("112233")


def test_acs_readers_say_9000_to_a_blocked_card():
    card = acs()
    answers = [card.transmit(present(bytes(3))) for _ in range(4)]
    assert answers == [b"\x90\x06", b"\x90\x04", b"\x90\x00", b"\x90\x00"]
    assert card.transmit(present(CODE)) == b"\x90\x00"
    assert card.transmit(bytes.fromhex("ffb1000004"))[:1] == b"\x00"
    assert card.transmit(bytes.fromhex("ffb0002001")) == b"\x20" + DONE  # still read


def test_selecting_the_card_type_again_forgets_the_code():
    card = acs()
    card.transmit(present(CODE))
    card.transmit(bytes.fromhex("ffa400000106"))
    card.transmit(bytes.fromhex("ffd0002001aa"))
    assert card.image.main == an_image().main
    assert card.transmit(bytes.fromhex("ffa400000105")) == b"\x6a\x80"


def test_pcsc_readers_answer_as_iso_7816_has_it():
    card = pcsc()
    assert card.transmit(bytes.fromhex("ffb0002004")) == bytes.fromhex("20212223") + DONE
    assert card.transmit(bytes.fromhex("ffd6002002abcd")) == b"\x69\x82"
    assert card.transmit(present(bytes(3))) == b"\x63\xc2"
    assert card.transmit(present(CODE)) == DONE
    assert card.image.tries_left == 3
    assert card.transmit(bytes.fromhex("ffd6002002abcd")) == DONE
    assert card.image.main[32:34] == b"\xab\xcd"


def test_a_blocked_card_in_a_pcsc_reader_says_6983():
    card = pcsc()
    answers = [card.transmit(present(bytes(3))) for _ in range(4)]
    assert answers == [b"\x63\xc2", b"\x63\xc1", b"\x63\xc0", b"\x69\x83"]
    assert card.transmit(present(CODE)) == b"\x69\x83"


@pytest.mark.parametrize("make", list(Make))
def test_what_no_row_has_is_refused_and_changes_nothing(make):
    card = {Make.ACS: acs, Make.PCSC: pcsc}[make]()
    known = {*ROWS[make], *((0xA4,) if make is Make.ACS else ())}
    for ins in set(range(256)) - known:
        assert card.transmit(bytes((0xFF, ins, 0, 0))) == b"\x6d\x00"
    for command in ("00a4000c02df01", "00b0000004"):
        assert card.transmit(bytes.fromhex(command)) == b"\x6e\x00"
    for command in ("", "ff", "ff20000002aabb", "ffb00020", "ffb00020010000"):
        assert card.transmit(bytes.fromhex(command)) == b"\x67\x00"
    assert card.transmit(bytes.fromhex("ffb000ff02")) == b"\x6b\x00"
    assert card.transmit(bytes.fromhex("ffb0010001")) == b"\x6a\x86"
    assert card.image == an_image()


@given(st.binary(max_size=40), st.sampled_from(Make))
def test_any_bytes_are_answered(command, make):
    card = {Make.ACS: acs, Make.PCSC: pcsc}[make]()
    assert len(card.transmit(command)) >= 2


# Cuts ---------------------------------------------------------------------------------------------


def test_it_writes_for_as_long_as_its_bytes_need():
    card = acs()
    assert card.writing_us(present(CODE)) == 2 * 2_500  # a counter bit, then the counter erased
    assert card.writing_us(present(bytes(3))) == 2_500
    assert card.image == an_image()
    card.transmit(present(CODE))
    assert card.writing_us(bytes.fromhex("ffd0002002dfff")) == 5_000 + 2_500
    assert card.writing_us(bytes.fromhex("ffb0002004")) == 0
    assert card.writing_us(b"") == 0
    assert MemoryCard(an_image()).writing_us(present(CODE)) == 0


def test_a_cut_leaves_each_byte_old_blank_or_new_in_order():
    data = bytes.fromhex("d0d1d2d3")
    found = set()
    for fate in range(0, 0x10000, 0x400):
        card = acs()
        card.transmit(present(CODE))
        card.tear(bytes.fromhex("ffd0002004") + data, numbers(fate >> 8, fate & 0xFF))
        assert card.transmit(b"") == b""  # it is off
        found.add(card.image.main[32:36])
    old = bytes.fromhex("20212223")
    assert found == {
        data[:done] + middle + old[done + len(middle) :]
        for done in range(5)
        for middle in ((b"", b"\xff") if done < 4 else (b"",))
    }


def test_a_cut_in_the_verification_costs_at_most_a_try():
    for fate in range(256):
        card = acs()
        card.tear(present(CODE), numbers(fate))
        assert card.image.counter in {7, 6}
    card = acs()
    card.tear(bytes.fromhex("ffb0002004"), numbers(200))
    assert card.image == an_image()
    off = MemoryCard(an_image())
    off.tear(present(CODE), numbers(200))
    assert off.image == an_image()
