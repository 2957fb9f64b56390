"""Over T=0 a card says what it says directly; the way is longer, counted, and can be cut."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.apdu import CommandApdu
from card_protocol.atr import Atr
from card_protocol.card.image import CardImage
from card_protocol.card.virtual import FileCard, PlainCard, SecureCard
from card_protocol.errors import ApduError, LinkError, LinkErrorKind
from card_protocol.formats.budget import Sfi
from card_protocol.keys import Role
from card_protocol.link.link import DirectLink
from card_protocol.link.t0 import CardOverT0
from card_protocol.t0 import WAITING_ETU, Manner
from card_protocol.terminal import Terminal
from tests.card_protocol.cards import (
    DESK,
    GET_CHALLENGE,
    PIN,
    RECORDS,
    SELECT_DF,
    TERMINAL_RANDOM,
    authenticate,
    budget_image,
    counting_rng,
    plain_image,
    read_command,
    role_key,
    update_command,
    verify_command,
)
from tests.cells import each_cell

INTERNAL = bytes.fromhex("0088000308") + TERMINAL_RANDOM
MANNERS = [Manner(), Manner(nulls=2), Manner(one_by_one=True)]


def secure(image: CardImage | None = None, *, t0: bool = True) -> SecureCard:
    return SecureCard(image or budget_image(), counting_rng(), t0=t0)


def plain() -> PlainCard:
    return PlainCard(plain_image(), t0=True)


def over_t0(card: FileCard, manner: Manner | None = None) -> CardOverT0:
    wire = CardOverT0(card, manner)
    wire.power_on()
    return wire


# The same answers ---------------------------------------------------------------------------------

KINDS: dict[str, Callable[[], FileCard]] = {"secure": secure, "plain": plain}
ALL_INS = sorted({0x20, 0x82, 0x84, 0x88, 0xA4, 0xB0, 0xC0, 0xD6, 0x00, 0x21, 0xFF})


@st.composite
def commands(draw) -> bytes:
    """Any command whose data go the way its instruction says."""
    cla = draw(st.sampled_from([0, 0, 0, 0, 0x0C, 0x10, 0x80]))
    ins = draw(st.sampled_from(ALL_INS))
    p1 = draw(st.sampled_from([0, 0, 1, 0x7F, 0x80, 0x81, 0x82, 0x85, 0x9F]))
    p2 = draw(st.sampled_from([0, 1, 2, 3, 4, 0x0C, 16, 31, 200]))
    takes = secure().takes_data(ins)
    data = b""
    if takes:
        some = [SELECT_DF[5:], b"\x3f\x00", PIN.encode(), TERMINAL_RANDOM]
        data = draw(st.sampled_from([*some, b""]) | st.binary(max_size=255))
    ne = draw(st.sampled_from([None, 256] if takes and not data else [None, 1, 8, 12, 32, 48, 256]))
    return CommandApdu(cla, ins, p1, p2, data, ne).to_bytes()


@pytest.mark.slow("sends each command twice, once byte by byte")
@pytest.mark.parametrize("kind", KINDS)
@given(
    st.lists(commands() | st.sampled_from([SELECT_DF, GET_CHALLENGE, INTERNAL]), max_size=12),
    st.sampled_from(MANNERS),
)
def test_every_command_is_answered_as_directly(kind, script, manner):
    bare, wire = KINDS[kind](), over_t0(KINDS[kind](), manner)
    bare.power_on()
    for command in script:
        answer = bare.transmit(command)
        assert wire.transmit(command) == answer, command.hex()
        assert len(answer) >= 2


def session(card: FileCard | CardOverT0, role: Role, image: CardImage) -> list[bytes]:
    link = DirectLink(card)
    link.connect()
    terminal = Terminal(link.exchange)
    terminal.authenticate(role, role_key(image, role), image.card_key, TERMINAL_RANDOM)
    read = [terminal.select_fcp(fid) for fid in (0x3F00, 0xDF01, 0xEF02)]
    read += [terminal.read_binary(sfi, len(raw)) for sfi, raw in RECORDS.items()]
    terminal.verify(PIN)
    sfi = Sfi.WRITE_BACK if role is Role.METER else Sfi.DESK
    terminal.update_binary(sfi, b"\x77" * len(RECORDS[sfi]))
    return [*read, terminal.read_binary(sfi, len(RECORDS[sfi]))]


@each_cell("manner", MANNERS, ids=str)
@each_cell("role", Role)
def test_a_terminal_cannot_tell_which_protocol_carries_it(role, manner):
    image = budget_image()
    straight, card = secure(t0=False), secure()
    want = session(straight, role, image)
    assert session(CardOverT0(card, manner), role, image) == want
    assert card.image == straight.image != image


# What it costs ------------------------------------------------------------------------------------

# The characters of each exchange, counted by hand: header, procedure byte, data, SW1-SW2.
EXCHANGES = {
    "case 1": (bytes.fromhex("00200001"), 5, 2, 2),
    "case 2": (GET_CHALLENGE, 5, 1 + 8 + 2, 2),
    "case 3": (SELECT_DF, 5 + 2, 1 + 2, 4),
    "case 4": (INTERNAL + b"\x08", 5 + 8, 1 + 2, 4),
    "6Cxx": (bytes.fromhex("0084000000"), 5, 2, 2),
    "refused at the header": (bytes.fromhex("00ff000003aabbcc"), 5, 2, 2),
}


@each_cell("name", EXCHANGES)
def test_characters_and_etu_are_counted(name):
    command, sent, received, turns = EXCHANGES[name]
    wire = over_t0(secure())
    wire.transmit(command)
    line = wire.line
    assert (line.sent, line.received, line.turns) == (sent, received, turns)
    assert line.characters == sent + received
    assert line.etu == 12 * (sent + received) + 4 * turns


def test_one_by_one_and_nulls_cost_what_they_cost():
    for manner, received in ((Manner(nulls=3), 3 + 1 + 8 + 3 + 2), (Manner(0, True), 8 * 2 + 2)):
        wire = over_t0(secure(), manner)
        wire.transmit(GET_CHALLENGE)
        assert wire.line.received == received


# How it ends badly --------------------------------------------------------------------------------


def kind_of(call) -> LinkErrorKind:
    with pytest.raises(LinkError) as caught:
        call()
    return caught.value.kind


def test_a_length_that_means_data_to_the_card_and_an_answer_to_us_is_silence():
    """SELECT without data but with Le: each end waits for the other, as on a real contact."""
    wire = over_t0(secure())
    command = bytes.fromhex("00a400040c")
    assert kind_of(lambda: wire.transmit(command)) is LinkErrorKind.TIMED_OUT
    assert wire.line.silent_etu == WAITING_ETU
    bare = secure()
    bare.power_on()
    assert bare.transmit(command) == b"\x67\x00"
    assert Atr.parse(wire.power_on()).protocols == (0,)
    assert wire.transmit(SELECT_DF) == b"\x90\x00"


def test_data_to_a_card_that_means_to_answer_collide():
    wire = over_t0(secure())
    command = bytes.fromhex("0084000008") + bytes(8)
    assert kind_of(lambda: wire.transmit(command)) is LinkErrorKind.BROKEN


def test_what_t0_cannot_carry_is_not_sent():
    wire = over_t0(secure())
    with pytest.raises(ApduError, match="one length byte"):
        wire.transmit(bytes.fromhex("00d60000000100") + bytes(256))
    assert wire.line.characters == 0


def test_a_card_of_another_protocol_is_not_put_there():
    with pytest.raises(AssertionError, match="speaks T=0"):
        CardOverT0(secure(t0=False)).power_on()


# Pulled at any character --------------------------------------------------------------------------

NEW_ORDER = b"\x77" * len(RECORDS[Sfi.DESK])


def load(wire: CardOverT0, image: CardImage) -> None:
    terminal = Terminal(wire.transmit)
    terminal.authenticate(Role.DESK, image.desk_key, image.card_key, TERMINAL_RANDOM)
    terminal.select(0xDF01)
    assert terminal.read_binary(Sfi.DESK, 64) == RECORDS[Sfi.DESK]
    terminal.update_binary(Sfi.DESK, NEW_ORDER)


def test_a_card_pulled_at_any_character_of_a_session_is_old_or_new():
    image = budget_image()
    whole = over_t0(secure())
    load(whole, image)
    update = update_command(Sfi.DESK, NEW_ORDER)
    obeyed_after = whole.line.characters - 2  # all of the data, and nothing of the status word
    assert whole.transmit(update) == b"\x90\x00"
    for at in range(obeyed_after + 2):
        card = secure()
        wire = over_t0(card)
        wire.pull_after(at)
        assert kind_of(lambda wire=wire: load(wire, image)) is LinkErrorKind.CARD_GONE
        assert wire.line.characters == at
        order = card.image.content(0xDF01, Sfi.DESK)
        assert order == (RECORDS[Sfi.DESK] if at < obeyed_after else NEW_ORDER)
        assert card.transmit(GET_CHALLENGE) == b"", "it has no power"
        assert wire.power_on() == b""
        again = secure(card.image)
        again.power_on()
        authenticate(again, DESK)
        assert again.transmit(verify_command(PIN)) == b"\x90\x00"
        again.transmit(SELECT_DF)
        assert again.transmit(read_command(Sfi.DESK, 64)) == order + b"\x90\x00"


def test_a_card_pulled_after_the_last_character_has_answered():
    wire = over_t0(secure())
    wire.pull_after(16)
    assert len(wire.transmit(GET_CHALLENGE)) == 10
    assert kind_of(lambda: wire.transmit(GET_CHALLENGE)) is LinkErrorKind.CARD_GONE
