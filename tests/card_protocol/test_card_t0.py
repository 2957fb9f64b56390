"""A card that speaks T=0 keeps its answers for GET RESPONSE; what it says is the same."""

from card_protocol.card.files import MF, Access, FileSpec, FileTree
from card_protocol.card.image import personalise
from card_protocol.card.virtual import SecureCard
from card_protocol.formats.budget import Sfi
from card_protocol.keys import Key
from card_protocol.terminal import Terminal
from tests.card_protocol.cards import (
    DESK,
    PIN,
    RECORDS,
    SELECT_DF,
    authenticate,
    mac8,
    powered,
    read_command,
    verify_command,
)
from tests.cells import each_cell


def h(text: str) -> bytes:
    return bytes.fromhex(text)


def card_with_answer() -> tuple[SecureCard, bytes]:
    card = powered(t0=True)
    answer = mac8(card.image.card_key, b"int" + bytes(8))
    assert card.transmit(h("0088000308") + bytes(8)) == h("6108")
    return card, answer


def test_an_answer_waits_and_is_fetched_whole():
    card, answer = card_with_answer()
    assert card.transmit(h("00c0000008")) == answer + h("9000")


def test_an_answer_is_fetched_in_parts():
    card, answer = card_with_answer()
    assert card.transmit(h("00c0000003")) == answer[:3] + h("6105")
    assert card.transmit(h("00c0000004")) == answer[3:7] + h("6101")
    assert card.transmit(h("00c0000001")) == answer[7:] + h("9000")
    assert card.transmit(h("00c0000001")) == h("6985")


@each_cell("le", ["00", "09", "ff", ""])
def test_too_large_an_le_is_corrected_and_loses_nothing(le):
    card, answer = card_with_answer()
    assert card.transmit(h("00c00000" + le)) == h("6c08")
    assert card.transmit(h("00c0000008")) == answer + h("9000")


@each_cell(
    "between", ["", "00", "0084000008", "ff00000000", "00ff0000", "00c0010008", "00c0000001aa"]
)
def test_an_answer_waits_for_the_very_next_command_only(between):
    card, _ = card_with_answer()
    card.transmit(h(between))
    assert card.transmit(h("00c0000008")) == h("6985")


def test_an_answer_is_gone_after_a_reset():
    card, _ = card_with_answer()
    card.power_on()
    assert card.transmit(h("00c0000008")) == h("6985")


def test_select_offers_its_template_with_and_without_le():
    for le in ("", "00"):
        card = powered(t0=True)
        assert card.transmit(h("00a40004023f00" + le)) == h("610c")
        assert len(card.transmit(h("00c000000c"))) == 14
    assert powered(t0=True).transmit(SELECT_DF) == h("9000")


def test_an_le_past_the_end_is_corrected_not_warned():
    card = powered(t0=True)
    authenticate(card, DESK)
    card.transmit(SELECT_DF)
    for le in (65, 0):
        assert card.transmit(read_command(Sfi.DESK, le)) == h("6c40")
    assert card.transmit(read_command(Sfi.DESK, 64)) == RECORDS[Sfi.DESK] + h("9000")
    assert card.transmit(h("0084000000")) == h("6c08")


def test_commands_without_an_answer_say_9000_at_once():
    card = powered(t0=True)
    assert card.transmit(verify_command(PIN)) == h("9000")
    authenticate(card, DESK)


def test_a_header_without_data_is_all_a_card_sees_of_cases_1_and_2():
    for le in ("", "00"):
        card = powered(t0=True)
        assert card.transmit(h("00840000" + le)) == h("6c08")
        assert card.transmit(h("00a40004" + le)) == h("610c"), "SELECT of the MF by saying nothing"


def test_a_length_that_promises_data_is_wrong_without_them():
    assert powered(t0=True).transmit(h("00a400040c")) == h("6700")


def test_an_le_behind_data_is_never_seen():
    card = powered(t0=True)
    assert card.transmit(verify_command(PIN) + b"\x00") == h("9000")


@each_cell("le", ["", "0000", "0010"])
def test_more_data_than_p3_counts_are_6700(le):
    card, _ = card_with_answer()
    assert card.transmit(h("00d60000000100" + "00" * 256 + le)) == h("6700")
    assert card.transmit(h("00c0000000")) == h("6985"), "what waited is gone"


@each_cell(
    ("long", "short"),
    [
        ("00840000000008", "0084000008"),
        ("00840000000004", "0084000004"),
        ("00840000000100", "0084000000"),
        ("00b00000000008", "00b0000008"),
        ("00b0810000ffff", "00b0810000"),
        ("00b08100000000", "00b0810000"),
        ("00a4000c000002df01", "00a4000c02df01"),
        ("00a40004000002df010000", "00a4000402df01"),
        ("00a40004000002df010004", "00a4000402df01"),
        ("00d6000000000155", "00d600000155"),
    ],
)
def test_lengths_in_the_long_form_are_the_short_ones_they_are(long, short):
    """ISO/IEC 7816-3, 12.2: cases 2E, 3E and 4E, mapped on a TPDU; Le above 256 asks for 256."""
    one, other = powered(t0=True), powered(t0=True)
    assert one.transmit(h(long)) == other.transmit(h(short))
    assert one.transmit(h("00c0000000")) == other.transmit(h("00c0000000")), "the same waits"


def test_a_read_beyond_256_in_the_long_form_gives_256_bytes():
    tree = FileTree([FileSpec(MF, 0xAA01, 1, 300, read=Access.ALWAYS, update=Access.ALWAYS)])
    key = Key(bytes(16))
    content = bytes(number % 251 for number in range(300))
    image = personalise(tree, (content,), meter_key=key, desk_key=key, card_key=key, pin="1234")
    for t0, ne in ((True, 256), (False, 300)):
        card = SecureCard(image, bytes, t0=t0)
        card.power_on()
        assert card.transmit(h("00b0810000012c")) == content[:ne] + h("9000")


def test_a_terminal_sees_no_difference_between_the_protocols():
    seen = []
    for t0 in (False, True):
        card = powered(t0=t0)
        authenticate(card, DESK)
        terminal = Terminal(card.transmit)
        fcps = [terminal.select_fcp(fid) for fid in (0x3F00, 0xDF01, 0xEF02)]
        seen.append((*fcps, terminal.read_binary(Sfi.DESK, 32), card.image))
    assert seen[0] == seen[1]
