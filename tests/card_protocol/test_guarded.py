"""Between a program and a real card: nothing strange is sent, and few tries are ever spent."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings

from card_protocol.apdu import CommandApdu
from card_protocol.card.image import KEY_TRIES_MAX, PIN_TRIES_MAX, CardKind
from card_protocol.card.memory_card import Make, MemoryCard
from card_protocol.card.virtual import card_of
from card_protocol.carrier.readers import find_reader
from card_protocol.errors import ApduError, LinkError, LinkErrorKind
from card_protocol.keys import Key, Role
from card_protocol.link.guarded import FILE_CARD, OURS, GuardedLink
from card_protocol.link.link import DirectLink
from card_protocol.terminal import Terminal
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.world.meter.linked_card import LinkedCard
from tests.card_protocol.cards import SELECT_DF, budget_image, counting_rng
from tests.card_protocol.scripted import ScriptedLink
from tests.card_protocol.test_card_fuzz import dialogues
from tests.card_protocol.test_sle4442 import CODE, an_image
from tests.cards import file_card
from tests.cells import each_cell
from tests.firmware.meters import Rig

VERIFY_WRONG = CommandApdu(0x00, 0x20, 0x00, 0x01, b"99999999").to_bytes()
ASKED = VERIFY_WRONG[:4]  # how many tries are left: VERIFY without data
WRONG = Key(bytes(15) + b"\x01")


class Spy:
    """A link that remembers what went through it."""

    def __init__(self, link: DirectLink) -> None:
        self._link = link
        self.connect, self.disconnect = link.connect, link.disconnect
        self.sent: list[bytes] = []

    def exchange(self, command: bytes) -> bytes:
        self.sent.append(command)
        return self._link.exchange(command)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(LinkError) as caught:
        call()
    assert caught.value.kind is LinkErrorKind.REFUSED
    return str(caught.value)


@pytest.mark.parametrize("carrier", [CardKind.SECURE, CardKind.PLAIN])
def test_desk_and_meter_need_nothing_that_is_not_on_the_list(carrier):
    rig = Rig(carrier=carrier)
    spy = Spy(DirectLink(rig.card))
    guarded = GuardedLink(spy, FILE_CARD)
    guarded.connect()
    work = Work(load_cents=5_000, cut_at=Civil(2020, 7, 3, 23, 1), limiter=True)
    rig.desk.serve(guarded.exchange, work, issued_at_min=0)
    guarded.disconnect()
    rig.bench.insert(LinkedCard(guarded))
    assert rig.board.panel.text == "CREDIT 100.00 EUR | CARD 01 EXECUTED"
    needed = {(command[0], command[1]) for command in spy.sent}
    unused = {(0x00, 0xC0)} if carrier is CardKind.SECURE else set()  # GET RESPONSE is for T=0
    assert needed <= set(FILE_CARD)
    assert carrier is CardKind.PLAIN or needed == set(FILE_CARD) - unused - {(0x00, 0x20)}


@settings(max_examples=60)
@given(dialogues)
def test_whatever_is_tried_a_card_loses_one_try_at_most(dialogue):
    card = card_of(budget_image(), counting_rng())
    spy = Spy(DirectLink(card))
    guarded = GuardedLink(spy)
    guarded.connect()
    for command in [SELECT_DF, *dialogue, SELECT_DF, *dialogue]:
        with suppress(LinkError):
            guarded.exchange(command)
        if command == SELECT_DF:
            guarded.connect()  # a reset gives nothing back
    full = PIN_TRIES_MAX, KEY_TRIES_MAX, KEY_TRIES_MAX
    assert sum(full) - sum(card.image.tries_left) <= 1
    assert all((command[0], command[1]) in OURS for command in spy.sent)


def test_without_the_guard_the_same_attempts_block_the_card():
    card = card_of(budget_image(), counting_rng())
    link = DirectLink(card)
    link.connect()
    link.exchange(SELECT_DF)
    for _ in range(PIN_TRIES_MAX):
        link.exchange(VERIFY_WRONG)
    assert card.image.tries_left[0] == 0


def test_a_proof_is_tried_as_often_as_said_over_all_kinds_of_proof():
    card = card_of(budget_image(), counting_rng())
    guarded = GuardedLink(DirectLink(card), failures_max=2)
    terminal = Terminal(guarded.exchange)
    guarded.connect()
    guarded.exchange(SELECT_DF)
    assert guarded.exchange(VERIFY_WRONG)[0] == 0x63
    with pytest.raises(ApduError, match="external authenticate"):
        terminal.authenticate(Role.DESK, WRONG, WRONG, bytes(8))
    assert "not risked" in refused(lambda: guarded.exchange(VERIFY_WRONG))
    guarded.connect()
    assert "not risked" in refused(lambda: guarded.exchange(VERIFY_WRONG))
    assert card.image.tries_left == (PIN_TRIES_MAX - 1, KEY_TRIES_MAX, KEY_TRIES_MAX - 1)


@pytest.mark.parametrize("make", list(Make), ids=lambda make: make.value)
def test_a_memory_card_keeps_tries_whatever_the_reader_says_of_a_code(make):
    card = MemoryCard(an_image(), make=make)
    guarded = GuardedLink(CardInReader(card))
    guarded.connect()
    terminal = find_reader(guarded.exchange)
    for _ in range(3):
        terminal.present(CODE)
    terminal.write(32, b"\xab\xcd")
    assert terminal.read(32, 2) == b"\xab\xcd"
    guarded.connect()
    terminal = find_reader(guarded.exchange)
    with pytest.raises(ApduError, match="wrong code, tries left: 2"):
        terminal.present(b"\x00\x00\x00")
    assert "not risked" in refused(lambda: terminal.present(CODE))


class CardInReader:
    """The link to a memory card in a reader in this process."""

    def __init__(self, card: MemoryCard) -> None:
        self.connect, self.disconnect, self.exchange = card.power_on, card.power_off, card.transmit


def test_a_proof_without_an_answer_counts():
    link = ScriptedLink([(ASKED, b"\x63\xc3"), (VERIFY_WRONG, LinkErrorKind.CARD_GONE)])
    guarded = GuardedLink(link)
    with pytest.raises(LinkError, match="card removed"):
        guarded.exchange(VERIFY_WRONG)
    assert "not risked" in refused(lambda: guarded.exchange(VERIFY_WRONG))


def test_right_proofs_are_never_used_up():
    right = bytes.fromhex("002000010431323334")
    cannot_tell = [b"\x63\xc2", b"\x90\x00", b"\x67\x00", b"\x69\x85", b"\x6a\x80"]
    script = [step for said in cannot_tell for step in ((ASKED, said), (right, b"\x90\x00"))]
    guarded = GuardedLink(ScriptedLink(script))
    for _ in cannot_tell:
        assert guarded.exchange(right) == b"\x90\x00"


@each_cell("carrier", [CardKind.SECURE, CardKind.PLAIN])
@each_cell("spent", range(PIN_TRIES_MAX + 1))
def test_one_program_after_another_leaves_a_card_its_last_try(carrier, spent):
    card = card_of(file_card(Rig(carrier=carrier).card.image), counting_rng())
    link = DirectLink(card)
    link.connect()
    for _ in range(spent):
        link.exchange(VERIFY_WRONG)
    for _ in range(PIN_TRIES_MAX):
        with suppress(LinkError):
            GuardedLink(link).exchange(VERIFY_WRONG)
    left = min(PIN_TRIES_MAX - spent, 1)
    assert card.image.tries_left[0] == left
    said = refused(lambda: GuardedLink(link).exchange(VERIFY_WRONG))
    assert said == f"not sent: PIN not presented, tries left: {left}"


@each_cell("command", ["", "00", "00A400"])
def test_less_than_a_header_is_not_sent(command):
    guarded = GuardedLink(ScriptedLink([]))
    assert "bytes" in refused(lambda: guarded.exchange(bytes.fromhex(command)))


@each_cell(
    "command", ["0044000000", "00E4000002 3F00", "1020000104 31323334", "0C20000104 31323334",
                "80D6000001 FF", "0070000001", "00C2000001 00", "0024000100"],
)  # fmt: skip
def test_what_is_not_on_the_list_is_named_and_not_sent(command):
    raw = bytes.fromhex(command)
    guarded = GuardedLink(ScriptedLink([]))
    said = refused(lambda: guarded.exchange(raw))
    assert said.startswith(f"not sent: class {raw[0]:02X} instruction {raw[1]:02X} ")
