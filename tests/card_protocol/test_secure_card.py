"""Each command of the secure card, answered as ISO/IEC 7816-4 words it."""

import pytest

from card_protocol.apdu import CommandApdu
from card_protocol.atr import Atr
from card_protocol.card.image import CardImage, LifeCycle
from card_protocol.card.virtual import SecureCard
from card_protocol.formats.budget import DF_ELECTRICITY, Sfi
from tests.card_protocol.ber import parsed
from tests.card_protocol.cards import (
    DESK,
    GET_CHALLENGE,
    METER,
    PIN,
    RECORDS,
    SELECT_DF,
    SIZES_OF,
    TERMINAL_RANDOM,
    authenticate,
    mac8,
    plain_powered,
    powered,
    proof_command,
    read_command,
    update_command,
    verify_command,
    wrong_proof,
)
from tests.cells import each_cell

OK = b"\x90\x00"


def h(text: str) -> bytes:
    return bytes.fromhex(text)


def desk_card() -> SecureCard:
    card = powered()
    authenticate(card, DESK)
    assert card.transmit(SELECT_DF) == OK
    return card


# ── power ──


def test_a_card_without_power_says_nothing():
    card = powered()
    card.power_off()
    assert card.transmit(GET_CHALLENGE) == b""


@pytest.mark.parametrize(("t0", "protocol"), [(True, 0), (False, 1)])
def test_the_atr_offers_the_protocol_the_card_speaks(t0, protocol):
    assert Atr.parse(powered(t0=t0).power_on()).protocols == (protocol,)


def test_power_off_forgets_selection_rights_and_challenge():
    card = desk_card()
    proof = proof_command(card.image, METER, card.transmit(GET_CHALLENGE)[:-2])
    card.power_off()
    card.power_on()
    assert card.transmit(proof) == h("6985")
    assert card.transmit(read_command(Sfi.DESK, 32)) == h("6a82")
    card.transmit(SELECT_DF)
    assert card.transmit(read_command(Sfi.DESK, 32)) == h("6982")


def test_a_warm_reset_forgets_like_power_off():
    card = desk_card()
    card.power_on()
    card.transmit(SELECT_DF)
    assert card.transmit(read_command(Sfi.DESK, 32)) == h("6982")


# ── class, instruction, length ──


def test_every_class_byte_but_00_is_refused_with_its_reason():
    card = powered()
    for cla in range(256):
        answer = card.transmit(bytes((cla,)) + GET_CHALLENGE[1:])
        want = (
            "9000" if cla == 0
            else "6881" if cla < 0x04
            else "6882" if cla < 0x10
            else "6884" if cla < 0x20
            else "6881" if 0x40 <= cla < 0x80
            else "6e00"
        )  # fmt: skip
        assert answer[-2:] == h(want), f"{cla:02X}"


def test_every_unknown_instruction_is_refused():
    known = {0x20, 0x70, 0x82, 0x84, 0x88, 0xA4, 0xB0, 0xC0, 0xD6}
    card = powered()
    for ins in range(256):
        if ins not in known:
            assert card.transmit(bytes((0, ins, 0, 0))) == h("6d00")


@each_cell("command", ["00700000", "0070000001", "00700001", "00708001", "0070800000"])
def test_there_is_no_channel_to_open_or_close(command):
    for card in (powered(), powered(t0=True), plain_powered()):
        assert card.transmit(h(command)) == h("6881")


@each_cell(
    "command",
    [
        "",
        "00",
        "008400",
        "00840000",  # no Le
        "0084000001aa",  # data where none belongs
        "00b00000",
        "00b0000001aa08",
        "00d60000",
        "00d6000001aa08",  # an answer where none belongs
        "00d6000008",
        "00820001",
        "0082000108" + "00" * 8,
        "0082000110" + "00" * 16 + "08",
        "0088000308" + "00" * 8,  # no Le
        "0088000308",
        "008800030700000000000000" + "08",
        "0020000103313233",
        "0020000109" + "31" * 9,
        "002000010431323334" + "08",
        "00a4000c01df",
        "00a4000c03df0100",
        "00c00000",
        "00b00000000000ff00",
    ],
)
def test_a_wrong_length_is_6700(command):
    assert powered().transmit(h(command)) == h("6700")


# ── SELECT ──


def test_select_finds_the_mf_dfs_and_files_of_the_current_df():
    card = powered()
    assert card.transmit(h("00a4000c02ef01")) == h("6a82")
    assert card.transmit(SELECT_DF) == OK
    assert card.transmit(h("00a4000c02ef01")) == OK
    assert card.transmit(h("00b0000001")) == h("019000")
    assert card.transmit(h("00a4000c023f00")) == OK
    assert card.transmit(h("00a4000c02ef01")) == h("6a82")
    assert card.transmit(h("00a4000c02df02")) == h("6a82")


def test_select_without_data_is_the_mf():
    card = powered()
    card.transmit(SELECT_DF)
    assert card.transmit(h("00a4000c")) == OK
    assert card.transmit(read_command(Sfi.IDENTITY, 1)) == h("6a82")


def test_selecting_a_df_leaves_no_current_ef():
    card = powered()
    card.transmit(SELECT_DF)
    card.transmit(read_command(Sfi.IDENTITY, 1))
    card.transmit(SELECT_DF)
    assert card.transmit(h("00b0000001")) == h("6986")


@pytest.mark.parametrize(("p2", "template"), [("04", 0x62), ("00", 0x6F)])
def test_select_describes_what_it_selected(p2, template):
    card = powered()
    for fid, want in (
        ("3f00", [(0x82, "38"), (0x83, "3f00"), (0x8A, "03")]),
        (
            "df01",
            [(0x82, "38"), (0x83, "df01"), (0x84, "f06d657465722d656d75df01"), (0x8A, "03")],
        ),
        (
            "ef03",
            [
                (0x80, f"{SIZES_OF[1][Sfi.WRITE_BACK]:04x}"),
                (0x82, "01"),
                (0x83, "ef03"),
                (0x88, "18"),
                (0x8A, "05"),
                (0x8C, "032020"),
            ],
        ),
    ):
        answer = card.transmit(h(f"00a400{p2}02{fid}00"))
        assert answer[-2:] == OK
        ((tag, value),) = parsed(answer[:-2])
        assert tag == template
        assert parsed(value) == [(t, h(v)) for t, v in want]


def test_select_gives_nothing_to_who_asks_for_nothing():
    card = powered()
    for p2 in ("00", "04", "0c"):
        assert card.transmit(h(f"00a400{p2}023f00")) == OK
    assert card.transmit(h("00a4000c023f0000")) == OK


@each_cell("le", range(1, 256))
def test_le_is_the_most_that_is_given_of_an_answer(le):
    """ISO/IEC 7816-4, "Le field": the beginning of a template, of a proof, of a challenge."""
    for command, whole in (("00a40004023f00", 12), ("0088000308" + "00" * 8, 8), ("00840000", 8)):
        answer = powered().transmit(h(command) + bytes((le,)))
        assert answer == powered().transmit(h(command) + b"\x00")[: min(le, whole)] + OK


@each_cell("p1p2", ["040d", "000d", "0001", "050c", "060c", "070c", "0a0c", "800c"])
def test_other_ways_to_select_are_refused(p1p2):
    assert powered().transmit(h(f"00a4{p1p2}023f00")) == h("6a86")


# ── READ BINARY, UPDATE BINARY ──


OFFSETS = [*range(4), 31, 32, *range(60, 67)]
SIZES = [*range(1, 6), 31, 32, 33, *range(60, 68)]


def test_every_offset_and_size_reads_what_lies_there():
    card = desk_card()
    content = bytes(range(64))
    assert card.transmit(update_command(Sfi.DESK, content)) == OK
    for offset in OFFSETS:
        for size in SIZES:
            answer = card.transmit(read_command(Sfi.DESK, size, offset))
            part = content[offset : offset + size]
            sw = "6b00" if not part else "9000" if len(part) == size else "6282"
            assert answer == part + h(sw)
            assert card.transmit(bytes((0, 0xB0, 0, offset, size))) == answer


@each_cell("le", ["00", "000000", "000100"])
def test_le_zero_reads_all_there_is(le):
    card = desk_card()
    assert card.transmit(h(f"00b08200{le}")) == RECORDS[Sfi.DESK] + OK


def test_every_offset_and_size_updates_what_lies_there_or_nothing():
    for offset in OFFSETS:
        for size in SIZES:
            card = desk_card()
            old = card.image.content(DF_ELECTRICITY, Sfi.DESK)
            answer = card.transmit(update_command(Sfi.DESK, b"\xee" * size, offset))
            new = card.image.content(DF_ELECTRICITY, Sfi.DESK)
            if offset + size <= 64:
                assert answer == OK
                assert new == old[:offset] + b"\xee" * size + old[offset + size :]
            else:
                assert answer == h("6a84" if offset < 64 else "6b00")
                assert new == old


@each_cell("ins", ["b0", "d6"])
@each_cell(
    ("p1p2", "sw"),
    [("0000", "6986"), ("8000", "6a86"), ("9f00", "6a86"), ("a100", "6a86"), ("8600", "6a82")],
)
def test_a_file_that_cannot_be_meant_is_refused(ins, p1p2, sw):
    card = powered()
    authenticate(card, DESK)
    card.transmit(SELECT_DF)
    body = "01" if ins == "b0" else "01aa"
    assert card.transmit(h(f"00{ins}{p1p2}{body}")) == h(sw)


def test_a_short_identifier_makes_its_file_current():
    card = desk_card()
    card.transmit(read_command(Sfi.DESK, 1))
    assert card.transmit(h("00b0001f01")) == h("029000")
    assert card.transmit(h("00d6001f01aa")) == OK
    assert card.image.content(DF_ELECTRICITY, Sfi.DESK)[31] == 0xAA


# ── authentication ──


@pytest.mark.parametrize("le", ["08", "00"])
def test_get_challenge_gives_eight_new_bytes(le):
    card = powered()
    challenges = {card.transmit(h(f"00840000{le}")) for _ in range(20)}
    assert len(challenges) == 20
    assert all(len(answer) == 10 and answer[-2:] == OK for answer in challenges)


@each_cell("le", [1, 7, 9, 255])
def test_a_challenge_cut_short_is_good_for_no_proof(le):
    card = powered()
    challenge = card.transmit(bytes((0, 0x84, 0, 0, le)))[:-2]
    assert len(challenge) == min(le, 8)
    proof = proof_command(card.image, METER, challenge.ljust(8, b"\x00"))
    assert card.transmit(proof) == (OK if le > 8 else h("6985"))
    assert card.image.tries_left == (3, 10, 10)


def test_the_card_proves_itself_with_its_own_key():
    card = powered()
    want = mac8(card.image.card_key, b"int" + TERMINAL_RANDOM)
    for le in ("08", "00"):
        assert card.transmit(h("0088000308") + TERMINAL_RANDOM + h(le)) == want + OK
    assert card.transmit(h("0088000308") + TERMINAL_RANDOM + h("07")) == want[:7] + OK


@each_cell(
    ("command", "sw"),
    [
        ("0084000108", "6a86"),
        ("0084010008", "6a86"),
        ("0088010308" + "00" * 8 + "08", "6a86"),
        ("0088000108" + "00" * 8 + "08", "6a88"),
        ("0082010110" + "00" * 16, "6a86"),
        ("0082000010" + "00" * 16, "6a88"),
        ("0082000310" + "00" * 16, "6a88"),
        ("0020010104" + "31" * 4, "6a86"),
        ("0020000204" + "31" * 4, "6a88"),
        ("0020000104" + "3132333a", "6a80"),
    ],
)
def test_other_parameters_are_refused_and_cost_no_try(command, sw):
    card = powered()
    before = card.image.to_bytes()
    card.transmit(GET_CHALLENGE)
    assert card.transmit(h(command)) == h(sw)
    assert card.image.to_bytes() == before


@pytest.mark.parametrize("role", [METER, DESK])
def test_a_challenge_serves_once(role):
    card = powered()
    proof = proof_command(card.image, role, card.transmit(GET_CHALLENGE)[:-2])
    assert card.transmit(proof) == OK
    assert card.transmit(proof) == h("6985")


@each_cell(
    "between",
    ["", "00b08100", "00a4000c023f00", "ff000000", "00ff0000", "0084000007", "00840000080000"],
)
def test_a_challenge_serves_the_very_next_command_only(between):
    card = powered()
    proof = proof_command(card.image, METER, card.transmit(GET_CHALLENGE)[:-2])
    card.transmit(h(between))
    assert card.transmit(proof) == h("6985")
    assert card.image.tries_left == (3, 10, 10)


def test_an_older_challenge_does_not_serve():
    card = powered()
    proof = proof_command(card.image, METER, card.transmit(GET_CHALLENGE)[:-2])
    card.transmit(GET_CHALLENGE)
    assert card.transmit(proof) == h("63c9")


def test_one_roles_proof_does_not_serve_for_the_other():
    card = powered()
    proof = proof_command(card.image, METER, card.transmit(GET_CHALLENGE)[:-2])
    assert card.transmit(proof[:3] + b"\x02" + proof[4:]) == h("63c9")


@each_cell("bit", range(128))
def test_one_wrong_bit_fails_the_proof(bit):
    card = powered()
    proof = proof_command(card.image, DESK, card.transmit(GET_CHALLENGE)[:-2])
    data = int.from_bytes(proof[5:], "big") ^ 1 << bit
    assert card.transmit(proof[:5] + data.to_bytes(16, "big")) == h("63c9")


def test_ten_wrong_proofs_of_a_meter_block_the_card():
    card = powered()
    for left in range(9, -1, -1):
        assert wrong_proof(card, METER) == h(f"63c{left:x}")
        assert card.image.tries_left[METER] == left
    assert card.image.life_cycle is LifeCycle.BLOCKED
    assert wrong_proof(card, METER) == h("6983")
    challenge = card.transmit(GET_CHALLENGE)[:-2]
    assert card.transmit(proof_command(card.image, METER, challenge)) == h("6983")


def test_nobody_blocks_another_persons_card_for_good():
    """The attack of the trial: eleven wrong proofs. The desk's last try is never taken."""
    card = powered()
    for role in (METER, DESK):
        for _ in range(50):
            wrong_proof(card, role)
    assert card.image.tries_left == (3, 0, 1)
    assert card.image.life_cycle is LifeCycle.BLOCKED
    card.transmit(SELECT_DF)
    assert card.transmit(read_command(Sfi.DESK, 1)) == h("6982")
    authenticate(card, DESK)
    assert (card.image.life_cycle, card.image.tries_left) == (LifeCycle.IN_USE, (3, 10, 10))
    assert card.transmit(read_command(Sfi.DESK, 64)) == RECORDS[Sfi.DESK] + OK
    authenticate(card, METER)


def test_a_right_proof_gives_the_tries_back():
    card = powered()
    for _ in range(9):
        wrong_proof(card, METER)
    authenticate(card, METER)
    assert card.image.tries_left == (3, 10, 10)


def test_each_key_counts_its_own_tries():
    card = powered()
    wrong_proof(card, METER)
    wrong_proof(card, METER)
    wrong_proof(card, DESK)
    assert card.image.tries_left == (3, 8, 9)
    authenticate(card, METER)
    assert card.image.tries_left == (3, 10, 9)


def test_a_wrong_proof_takes_the_right_away():
    card = desk_card()
    wrong_proof(card, DESK)
    assert card.transmit(read_command(Sfi.DESK, 32)) == h("6982")


def test_a_card_that_blocks_forgets_every_right_at_once():
    card = desk_card()
    for _ in range(10):
        wrong_proof(card, METER)
    assert card.transmit(read_command(Sfi.DESK, 32)) == h("6982")
    assert card.transmit(read_command(Sfi.IDENTITY, 48)) == RECORDS[Sfi.IDENTITY] + OK


# ── VERIFY ──


def test_the_pin_is_verified_and_asking_says_so():
    card = powered()
    assert card.transmit(h("00200001")) == h("63c3")
    assert card.transmit(verify_command(PIN)) == OK
    assert card.transmit(h("00200001")) == OK
    assert card.transmit(verify_command("0000")) == h("63c2")
    assert card.transmit(h("00200001")) == h("63c2")


@each_cell("wrong", [PIN[:-1], PIN + "0", PIN[::-1], "0000", "99999999"])
def test_three_wrong_pins_block_the_card(wrong):
    card = powered()
    for left in (2, 1, 0):
        assert card.transmit(verify_command(wrong)) == h(f"63c{left}")
    assert card.image.life_cycle is LifeCycle.BLOCKED
    assert card.transmit(verify_command(PIN)) == h("6983")
    assert card.transmit(h("00200001")) == h("6983")


def test_a_right_pin_gives_the_tries_back():
    card = powered()
    card.transmit(verify_command("0000"))
    card.transmit(verify_command("0000"))
    assert card.transmit(verify_command(PIN)) == OK
    assert card.image.tries_left == (3, 10, 10)


def test_tries_survive_power_off_and_a_new_card_on_the_same_bytes():
    card = powered()
    card.transmit(verify_command("0000"))
    wrong_proof(card, METER)
    card.power_off()
    again = powered(CardImage.from_bytes(card.image.to_bytes()))
    assert again.image.tries_left == (2, 9, 10)
    assert again.transmit(h("00200001")) == h("63c2")


# ── one parser ──


def test_the_card_reads_commands_as_the_parser_does():
    """Short and extended forms of one command get one answer."""
    for command in (
        CommandApdu(0, 0xA4, 0, 0x04, h("df01"), 256),
        CommandApdu(0, 0xB0, 0x81, 0, ne=48),
        CommandApdu(0, 0xD6, 0x81, 0, b"\x01"),
        CommandApdu(0, 0x20, 0, 1, PIN.encode()),
    ):
        cards = [powered(), powered()]
        for card in cards:
            card.transmit(SELECT_DF)
        answers = {
            card.transmit(command.to_bytes(extended=extended))
            for card, extended in zip(cards, (False, True), strict=True)
        }
        assert len(answers) == 1
