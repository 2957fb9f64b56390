"""The terminal follows the card, to a limit, and believes no card that cannot prove itself."""

import pytest

from card_protocol.apdu import CommandApdu
from card_protocol.errors import ApduError, LinkError, LinkErrorKind
from card_protocol.keys import Key, Role
from card_protocol.terminal import ANSWER_PARTS_MAX, LE_CORRECTIONS_MAX, Terminal
from tests.card_protocol.cards import (
    DESK,
    METER,
    PIN,
    RECORDS,
    SIZES,
    TERMINAL_RANDOM,
    budget_image,
    mac8,
    powered,
    proof_command,
    role_key,
)
from tests.card_protocol.scripted import ScriptedLink, ScriptStep
from tests.cells import each_cell

READ_8 = CommandApdu(0x00, 0xB0, 0x00, 0x00, ne=8)


def h(text: str) -> bytes:
    return bytes.fromhex(text)


def play(*steps: tuple[str, str | LinkErrorKind]) -> tuple[Terminal, ScriptedLink]:
    script: list[ScriptStep] = [
        (h(command), answer if isinstance(answer, LinkErrorKind) else h(answer))
        for command, answer in steps
    ]
    link = ScriptedLink(script)
    return Terminal(link.exchange), link


def test_a_plain_answer_is_passed_on():
    terminal, link = play(("00b0000008", "0102039000"))
    response = terminal.send(READ_8)
    assert (response.data, response.sw) == (h("010203"), 0x9000)
    assert link.finished


def test_a_refusal_is_a_value():
    terminal, _ = play(("00b0000008", "6982"))
    assert terminal.send(READ_8).sw == 0x6982


def test_waiting_bytes_are_fetched():
    terminal, link = play(("00b0000008", "6103"), ("00c0000003", "0102039000"))
    assert terminal.send(READ_8).data == h("010203")
    assert link.finished


def test_6100_means_256_bytes():
    terminal, link = play(("00b0000008", "6100"), ("00c0000000", "aa" * 256 + "9000"))
    assert terminal.send(READ_8).data == h("aa") * 256
    assert link.finished


def test_a_wrong_le_is_corrected():
    terminal, link = play(("00b0000008", "6c03"), ("00b0000003", "0102039000"))
    assert terminal.send(READ_8).data == h("010203")
    assert link.finished


def test_6c00_means_256_bytes():
    terminal, link = play(("00b0000008", "6c00"), ("00b0000000", "aa" * 256 + "9000"))
    assert len(terminal.send(READ_8).data) == 256
    assert link.finished


def test_corrections_and_parts_nest():
    terminal, link = play(
        ("00b0000008", "6c04"),
        ("00b0000004", "016103"),
        ("00c0000003", "6c02"),
        ("00c0000002", "02036101"),
        ("00c0000001", "049000"),
    )
    assert terminal.send(READ_8).data == h("01020304")
    assert link.finished


def test_a_refusal_between_parts_ends_the_answer():
    terminal, link = play(("00b0000008", "6103"), ("00c0000003", "026f00"))
    response = terminal.send(READ_8)
    assert (response.data, response.sw) == (h("02"), 0x6F00)
    assert link.finished


def endless_parts(count: int) -> list[tuple[str, str]]:
    parts = [("00c0000001", "aa6101")] * (count - 1)
    return [("00b0000008", "6101"), *parts, ("00c0000001", "bb9000")]


def test_the_most_parts_are_fetched():
    terminal, link = play(*endless_parts(ANSWER_PARTS_MAX))
    assert terminal.send(READ_8).data == h("aa") * (ANSWER_PARTS_MAX - 1) + h("bb")
    assert link.finished


def test_one_part_more_is_given_up():
    terminal, link = play(*endless_parts(ANSWER_PARTS_MAX + 1))
    with pytest.raises(ApduError, match="still more data") as caught:
        terminal.send(READ_8)
    assert caught.value.sw == 0x6101
    assert not link.finished


def endless_corrections(count: int) -> list[tuple[str, str]]:
    answers = [f"6c{ne:02x}" for ne in range(1, count + 1)]
    commands = ["00b0000008", *(f"00b00000{ne:02x}" for ne in range(1, count + 1))]
    return list(zip(commands, [*answers, "aa9000"], strict=True))


def test_the_most_corrections_are_followed():
    terminal, link = play(*endless_corrections(LE_CORRECTIONS_MAX))
    assert terminal.send(READ_8).data == h("aa")
    assert link.finished


def test_one_correction_more_is_given_up():
    terminal, link = play(*endless_corrections(LE_CORRECTIONS_MAX + 1))
    with pytest.raises(ApduError, match="refuses the Le it asked for"):
        terminal.send(READ_8)
    assert not link.finished


@pytest.mark.parametrize("raw", ["", "90"])
def test_a_response_without_a_status_word_is_an_error(raw):
    terminal, _ = play(("00b0000008", raw))
    with pytest.raises(ApduError, match="at least 2 bytes"):
        terminal.send(READ_8)


def test_a_failing_link_passes_through():
    terminal, _ = play(("00b0000008", LinkErrorKind.CARD_GONE))
    with pytest.raises(LinkError) as caught:
        terminal.send(READ_8)
    assert caught.value.kind is LinkErrorKind.CARD_GONE


def test_select_asks_for_no_answer():
    terminal, link = play(("00a4000c02df01", "9000"))
    terminal.select(0xDF01)
    assert link.finished


def test_a_refused_select_says_what_and_why():
    terminal, _ = play(("00a4000c02df01", "6a82"))
    with pytest.raises(ApduError, match="select DF01: 6A82, file or application not found") as e:
        terminal.select(0xDF01)
    assert e.value.sw == 0x6A82


def test_select_for_the_control_parameters_asks_for_all_of_them():
    terminal, link = play(("00a4000402df0100", "62009000"))
    assert terminal.select_fcp(0xDF01) == h("6200")
    assert link.finished


def test_long_files_are_read_in_parts_by_offset():
    terminal, link = play(
        ("00b0850000", "11" * 256 + "9000"),
        ("00b0010000", "22" * 256 + "9000"),
        ("00b0020001", "339000"),
    )
    assert terminal.read_binary(5, 513) == h("11") * 256 + h("22") * 256 + h("33")
    assert link.finished


def test_long_files_are_written_in_parts_by_offset():
    terminal, link = play(("00d68500ff" + "11" * 255, "9000"), ("00d600ff02" + "2222", "9000"))
    terminal.update_binary(5, h("11") * 255 + h("2222"))
    assert link.finished


def test_a_part_too_short_is_an_error():
    terminal, _ = play(("00b0850008", "01029000"))
    with pytest.raises(ApduError, match="expected 8 bytes at 0, got 2"):
        terminal.read_binary(5, 8)


def test_a_file_that_ends_early_is_an_error():
    terminal, _ = play(("00b0850008", "01026282"))
    with pytest.raises(ApduError, match="6282"):
        terminal.read_binary(5, 8)


@each_cell(("sfi", "size"), [(0, 8), (31, 8), (1, 0), (1, 0x8001)])
def test_what_no_command_can_say_is_refused(sfi, size):
    terminal, _ = play()
    with pytest.raises(ApduError, match="expected"):
        terminal.read_binary(sfi, size)
    with pytest.raises(ApduError, match="expected"):
        terminal.update_binary(sfi, bytes(size))


@each_cell("t0", [False, True])
@each_cell("role", Role)
def test_terminal_and_card_prove_themselves_to_each_other(role, t0):
    card = powered(t0=t0)
    terminal = Terminal(card.transmit)
    terminal.authenticate(role, role_key(card.image, role), card.image.card_key, TERMINAL_RANDOM)
    terminal.select(0xDF01)
    for sfi, size in SIZES.items():
        assert terminal.read_binary(sfi, size) == RECORDS[sfi]


def test_the_dialogue_is_the_one_the_interface_describes():
    """Every byte of a mutual authentication, recomputed here from the description."""
    image, card_random = budget_image(), h("c0c1c2c3c4c5c6c7")
    proof = proof_command(image, METER, card_random)
    answer = mac8(image.card_key, b"int" + TERMINAL_RANDOM)
    terminal, link = play(
        ("0084000008", card_random.hex() + "9000"),
        (proof.hex(), "9000"),
        ("0088000308" + TERMINAL_RANDOM.hex() + "08", answer.hex() + "9000"),
    )
    terminal.authenticate(Role.METER, image.meter_key, image.card_key, TERMINAL_RANDOM)
    assert link.finished


def test_a_card_with_another_key_is_not_believed():
    card = powered()
    wrong = Key(bytes(16))
    with pytest.raises(ApduError, match="proof does not match") as caught:
        Terminal(card.transmit).authenticate(
            Role.METER, card.image.meter_key, wrong, TERMINAL_RANDOM
        )
    assert caught.value.sw is None


def test_a_terminal_with_another_key_is_refused():
    card = powered()
    terminal = Terminal(card.transmit)
    with pytest.raises(ApduError) as caught:
        terminal.authenticate(Role.DESK, Key(bytes(16)), card.image.card_key, TERMINAL_RANDOM)
    assert caught.value.sw == 0x63C9
    assert card.image.tries_left[DESK] == 9


def test_a_challenge_of_another_size_is_an_error():
    terminal, _ = play(("0084000008", "010203049000"))
    key = Key(bytes(16))
    with pytest.raises(ApduError, match="challenge has 4 bytes"):
        terminal.authenticate(Role.METER, key, key, TERMINAL_RANDOM)


@each_cell("size", [0, 7, 9])
def test_a_random_of_another_size_is_refused(size):
    terminal, _ = play()
    key = Key(bytes(16))
    with pytest.raises(ApduError, match="terminal random size"):
        terminal.authenticate(Role.METER, key, key, bytes(size))


def test_verify_presents_the_pin():
    card = powered()
    terminal = Terminal(card.transmit)
    terminal.verify(PIN)
    with pytest.raises(ApduError) as caught:
        terminal.verify("0000")
    assert caught.value.sw == 0x63C2


@each_cell("pin", ["", "123", "123456789", "12a4", "١٢٣٤", "\ud800123"])
def test_what_is_no_pin_is_not_even_sent(pin):
    terminal, _ = play()
    with pytest.raises(ApduError, match="four to eight digits"):
        terminal.verify(pin)
