"""The link over PC/SC: real daemon, real driver, and every way a reader fails on a desk."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from card_protocol.apdu import CommandApdu
from card_protocol.atr import Atr
from card_protocol.card.image import CardKind
from card_protocol.card.virtual import FileCard, card_of
from card_protocol.errors import ApduError, LinkError, LinkErrorKind
from card_protocol.formats.budget import DF_ELECTRICITY
from card_protocol.formats.container import TRANSPORT_PIN, plain_file
from card_protocol.keys import PIN_REFERENCE
from card_protocol.link.pcsc import MEANINGS, PcscLink, reader_names
from card_protocol.serve.pcscd import (
    SOCKET_VARIABLE,
    VPCD_READERS,
    PrivatePcscd,
    can_go_without_polkit,
)
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.world.meter.linked_card import LinkedCard
from tests.bounds import HANG_MS, HANG_S, until
from tests.card_protocol.cards import GET_CHALLENGE, budget_image, counting_rng
from tests.firmware.meters import Rig
from tests.pcsc.needs import pyscard_absent, refuse
from tests.pcsc.slots import (
    Odd,
    Pulled,
    Slot,
    Wire,
    card_in,
    inserted,
    kind_of_connecting,
    while_it_waits,
)

FIRST, SECOND = VPCD_READERS
PLAIN_FILE = plain_file(DF_ELECTRICITY).to_bytes(2, "big")
SELECT_PLAIN = CommandApdu(0x00, 0xA4, 0x00, 0x0C, PLAIN_FILE).to_bytes()
PIN = CommandApdu(0x00, 0x20, 0x00, PIN_REFERENCE, TRANSPORT_PIN.encode()).to_bytes()
WRITE_A_BYTE = bytes.fromhex("00D6000001FF")
OK = b"\x90\x00"


@pytest.fixture(autouse=True)
def _client() -> None:
    if why := pyscard_absent():
        refuse(why)


@pytest.fixture
def link(pcscd: PrivatePcscd) -> Iterator[PcscLink]:
    with PcscLink(FIRST) as link:
        assert link.wait(present=False, wait_ms=HANG_MS)  # a card of the test before
        yield link


def budget_card(*, t0: bool = False) -> FileCard:
    return card_of(budget_image(), counting_rng(), t0=t0)


def fails(call: Callable[[], object]) -> LinkError:
    with pytest.raises(LinkError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return caught.value


def challenge(link: PcscLink) -> bytes:
    return link.exchange(GET_CHALLENGE)


def assert_works(link: PcscLink) -> None:
    link.connect()
    assert len(challenge(link)) == 10


# What it does -------------------------------------------------------------------------------------


def test_readers_are_listed(pcscd):
    assert reader_names() == list(VPCD_READERS)


def test_a_card_is_waited_for_and_its_removal_too(pcscd, link):
    assert not link.wait(present=True, wait_ms=0)
    assert link.wait(present=False, wait_ms=HANG_MS)
    slots: list[Slot] = []
    for deed, present in (
        (lambda: slots.append(Slot(pcscd, budget_card())), True),
        (lambda: slots.pop().end(), False),
    ):
        with while_it_waits(deed):
            assert link.wait(present=present, wait_ms=HANG_MS)
        assert not link.wait(present=not present, wait_ms=0)


@pytest.mark.parametrize(
    ("carrier", "t0"),
    [(CardKind.SECURE, False), (CardKind.SECURE, True), (CardKind.PLAIN, True)],
    ids=["secure, T=1", "secure, T=0", "plain, T=0"],
)
def test_a_visit_to_desk_and_meter_through_a_reader_leaves_the_same_bytes(pcscd, link, carrier, t0):
    work = Work(load_cents=5_000, cut_at=Civil(2020, 7, 3, 23, 1))
    held, linked = Rig(carrier=carrier), Rig(carrier=carrier)
    held.write(work)
    held.bench.insert(held.card)
    linked.card = card_of(linked.card.image, counting_rng(), t0=t0)
    with card_in(pcscd, link, linked.card):
        assert Atr.parse(link.connect()).protocols == ((0,) if t0 else (1,))
        linked.desk.serve(link.exchange, work, issued_at_min=0)
        link.disconnect()
        linked.bench.insert(LinkedCard(link))
    assert held.board.panel.text == "CREDIT 100.00 EUR | CARD 01 EXECUTED"
    assert linked.board.panel.text == held.board.panel.text
    assert linked.card.image.to_bytes() == held.card.image.to_bytes()
    assert linked.board.eeprom.cells == held.board.eeprom.cells


def test_lengths_in_the_long_form_travel_as_p3_under_t0(pcscd, link):
    with card_in(pcscd, link, budget_card(t0=True)):
        link.connect()
        assert len(link.exchange(bytes.fromhex("00840000000008"))) == 10
        with pytest.raises(ApduError, match="one length byte, got 256"):
            link.exchange(bytes.fromhex("00D60000000100") + bytes(256))
        assert len(challenge(link)) == 10, "nothing was sent, and the session goes on"


def test_an_answer_of_any_size_is_whole_or_refused(pcscd, link):
    sized = Odd(lambda command: bytes(int.from_bytes(command[2:4], "big")))
    with card_in(pcscd, link, sized):
        link.connect()
        for size in (2, 258, 65_535):
            command = b"\x00\xb0" + size.to_bytes(2, "big") + b"\x00"
            assert link.exchange(command) == bytes(size)
        said = fails(lambda: link.exchange(bytes.fromhex("00B0000100")))
        assert (
            str(said) == f"broken link: {FIRST}: the card answered with 1 bytes, expected 2 or more"
        )


# Whose card it is ---------------------------------------------------------------------------------


class Stranger:
    """Another program's exclusive connection to a card, straight from the PC/SC library."""

    def __init__(self) -> None:
        from smartcard import scard

        self._scard = scard
        _, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        self._handle: Any = None

    def connect(self, *, shared: bool = False) -> bool:
        scard = self._scard
        share = scard.SCARD_SHARE_SHARED if shared else scard.SCARD_SHARE_EXCLUSIVE
        how = (share, scard.SCARD_PROTOCOL_T1)
        code, self._handle, _ = scard.SCardConnect(self._context, FIRST, *how)
        assert code in {scard.SCARD_S_SUCCESS, scard.SCARD_E_SHARING_VIOLATION}
        return bool(code == scard.SCARD_S_SUCCESS)

    def exchange(self, command: bytes) -> bytes:
        pci = self._scard.SCARD_PCI_T1
        code, answer = self._scard.SCardTransmit(self._handle, pci, list(command))
        assert code == self._scard.SCARD_S_SUCCESS
        return bytes(answer)

    def leave_powered(self) -> None:
        self._scard.SCardDisconnect(self._handle, self._scard.SCARD_LEAVE_CARD)

    def end(self) -> None:
        self._scard.SCardReleaseContext(self._context)


@pytest.fixture
def stranger(pcscd: PrivatePcscd) -> Iterator[Stranger]:
    stranger = Stranger()
    yield stranger
    stranger.end()


def proved(exchange: Callable[[bytes], bytes]) -> bool:
    """Whether the card takes a write, which the PIN has to be proved for."""
    assert exchange(SELECT_PLAIN) == OK
    return exchange(WRITE_A_BYTE) == OK


def test_a_session_is_exclusive_both_ways(pcscd, link, stranger):
    with card_in(pcscd, link, budget_card()):
        link.connect()
        assert not stranger.connect()
        assert not stranger.connect(shared=True)
        link.disconnect()
        assert stranger.connect()
        said = fails(link.connect)
        assert said.kind is LinkErrorKind.IN_USE
        assert str(said) == f"reader in use by another program: {FIRST}"
        stranger.leave_powered()
        assert_works(link)


def test_nothing_proved_to_the_card_is_in_force_before_or_after_a_session(pcscd, link, stranger):
    with card_in(pcscd, link, Rig(carrier=CardKind.PLAIN).card):
        assert stranger.connect()
        assert not proved(stranger.exchange)
        assert stranger.exchange(PIN) == OK
        assert proved(stranger.exchange)
        stranger.leave_powered()
        for _ in range(2):  # the second time it is a reset in our own session
            link.connect()
            assert not proved(link.exchange)
            assert link.exchange(PIN) == OK
            assert proved(link.exchange)
        link.disconnect()
        assert stranger.connect()
        assert not proved(stranger.exchange)
        stranger.leave_powered()


def test_two_readers_are_used_at_once_and_named_exactly_or_in_part(pcscd, link):
    with (
        PcscLink("pcd 00 01") as second,
        card_in(pcscd, link, budget_card(), 0),
        card_in(pcscd, second, budget_card(), 1),
    ):
        link.connect()
        assert_works(second)
        assert len(challenge(link)) == 10
        link.disconnect()
        assert len(challenge(second)) == 10


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Virtual", f"no reader: 'Virtual' could be any of '{FIRST}', '{SECOND}'"),
        ("ACS", f"no reader: 'ACS' is not there; there is '{FIRST}', '{SECOND}'"),
    ],
)
def test_a_name_that_fits_no_reader_or_several_lists_what_there_is(pcscd, name, says):
    with PcscLink(name) as link:
        assert str(fails(link.connect)) == says
        assert fails(lambda: link.wait(present=True, wait_ms=0)).kind is LinkErrorKind.NO_READER


# How it fails -------------------------------------------------------------------------------------


def test_an_empty_reader_has_no_card_and_nothing_is_sent_before_a_connection(pcscd, link):
    assert fails(link.connect).kind is LinkErrorKind.NO_CARD
    assert str(fails(lambda: challenge(link))) == f"broken link: {FIRST}: not connected"
    link.disconnect()


def test_a_card_pulled_between_or_inside_exchanges_is_gone_and_comes_back(pcscd, link):
    slots: list[Slot] = []

    def pull(_command: bytes) -> bytes:
        slots[0].pull()
        return b""

    with card_in(pcscd, link, Odd(pull)) as slot:
        slots.append(slot)
        link.connect()
        said = fails(lambda: challenge(link))
        assert str(said) == f"card removed: {FIRST}"
        assert fails(lambda: challenge(link)).kind is LinkErrorKind.BROKEN
    with card_in(pcscd, link, budget_card()) as slot:
        assert_works(link)
        slot.pull()
        assert fails(lambda: challenge(link)).kind is LinkErrorKind.CARD_GONE
    with card_in(pcscd, link, budget_card()):
        assert_works(link)


def test_a_card_put_back_within_a_session_is_another_session(pcscd, link):
    with PcscLink(FIRST) as watch, inserted(pcscd, budget_card()) as slot:
        assert watch.wait(present=True, wait_ms=HANG_MS)
        assert_works(link)
        slot.pull()
        assert watch.wait(present=False, wait_ms=HANG_MS)
        with card_in(pcscd, watch, budget_card()):
            assert fails(lambda: challenge(link)).kind is LinkErrorKind.CARD_GONE
            assert_works(link)
            link.disconnect()


def test_a_card_that_never_answers_is_let_go_at_the_deadline(pcscd):
    answer = threading.Event()
    mute = Odd(lambda _: OK if answer.wait(HANG_S) else b"")
    with PcscLink(FIRST, answer_ms=100) as link, card_in(pcscd, link, mute):
        link.connect()
        said = fails(lambda: challenge(link))
        assert str(said) == f"timed out: {FIRST}: no answer within 100 ms"
        busy = kind_of_connecting(link)
        assert busy in {LinkErrorKind.IN_USE, LinkErrorKind.TIMED_OUT}  # pcscd waits on
        answer.set()
        until(lambda: kind_of_connecting(link) is None or None)
        assert challenge(link) == OK


def pull_at_each_command_of_a_meter(pcscd: PrivatePcscd) -> None:
    rig = Rig(carrier=CardKind.PLAIN)
    rig.write(Work(load_cents=5_000))
    pulled = Pulled(rig.card)
    balances_ueur = []
    with PcscLink(FIRST) as link:
        for at in range(1, 20):
            with card_in(pcscd, link, pulled) as slot:
                pulled.slot, pulled.at = slot, at
                card = LinkedCard(link)
                rig.bench.insert(card)
            rig.bench.remove()
            balances_ueur.append(rig.state.balance_ueur)
            if card.failure is None:
                break
            assert card.failure.kind is LinkErrorKind.CARD_GONE
    assert at > 9, "SELECTs, READs, VERIFY, UPDATE"
    assert balances_ueur == sorted(balances_ueur)
    assert set(balances_ueur) == {50_000_000, 100_000_000}
    assert rig.write_back() is not None


def pull_at_each_command_of_a_desk(pcscd: PrivatePcscd) -> None:
    rig = Rig()
    pulled = Pulled(rig.card)
    with PcscLink(SECOND) as link:
        for at in range(1, 20):
            with card_in(pcscd, link, pulled, 1) as slot:
                pulled.slot, pulled.at = slot, at
                link.connect()
                said = fails(
                    lambda: rig.desk.serve(link.exchange, Work(load_cents=5_000), issued_at_min=0)
                )
            assert said.kind is LinkErrorKind.CARD_GONE
            rig.card.power_on()
            wallet = rig.desk.account(rig.card.transmit).desk
            rig.card.power_off()
            if wallet.load_count:
                break
    assert at == 8, "SELECT, READ, three to authenticate, two READs, one UPDATE"
    assert (wallet.load_count, wallet.loaded_cents) == (1, 5_000)


@pytest.mark.slow("has a process that owns the reader, anew after each pull")
def test_a_card_pulled_at_each_command_loses_nothing_and_is_loaded_once_or_not_at_all(pcscd):
    with ThreadPoolExecutor(2) as both:  # a reader each: most of it is waiting for pcscd to notice
        chains = (pull_at_each_command_of_a_meter, pull_at_each_command_of_a_desk)
        for done in [both.submit(chain, pcscd) for chain in chains]:
            done.result()


@pytest.mark.parametrize("wire", [Wire(b"\xff\xff\x90\x00"), Wire(b"\x00\x00")], ids=bytes.hex)
def test_a_card_that_lies_about_lengths_holds_nobody_for_ever(pcscd, wire):
    with PcscLink(FIRST, answer_ms=100) as link, inserted(pcscd, Odd(lambda _: wire)):
        assert link.wait(present=True, wait_ms=HANG_MS)
        link.connect()
        said = fails(lambda: challenge(link))
        assert said.kind in {LinkErrorKind.TIMED_OUT, LinkErrorKind.BROKEN}
        pcscd.kill()  # the driver may wait for the rest for ever


def test_a_daemon_killed_in_a_session_ends_it_and_a_new_one_is_found(pcscd, link):
    killed = threading.Event()

    def kill(_command: bytes) -> bytes:
        pcscd.kill()
        killed.set()
        return b""

    with inserted(pcscd, Odd(kill)):
        assert link.wait(present=True, wait_ms=HANG_MS)
        link.connect()
        said = fails(lambda: challenge(link))
        assert str(said) == f"broken link: {FIRST}: the PC/SC service (pcscd) is not running"
        assert killed.wait(HANG_S)
    for call in (link.connect, lambda: link.wait(present=True, wait_ms=HANG_MS), reader_names):
        assert str(fails(call)).endswith("the PC/SC service (pcscd) is not running")
    pcscd.start()
    with card_in(pcscd, link, budget_card()):
        assert_works(link)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_daemon_killed_under_a_wait_ends_it(pcscd, stopped):
    """One that had not let the client in yet seems to deny it access as it goes."""
    if stopped:
        os.kill(pcscd.pid, signal.SIGSTOP)
    with PcscLink(FIRST) as link, while_it_waits(pcscd.kill):
        said = fails(lambda: link.wait(present=True, wait_ms=HANG_MS))
    assert str(said) == f"broken link: {FIRST}: the PC/SC service (pcscd) is not running"


def denied() -> str | None:
    """Return why access is denied; pcscd may close the door before it has said so."""
    said = fails(reader_names)
    return str(said) if said.kind is LinkErrorKind.OTHER else None


@pytest.mark.slow("a service that denies is asked for a second")
def test_access_denied_is_said(pcscd, monkeypatch):
    if not can_go_without_polkit():
        pytest.skip("this pcscd lets root in: pcsc-lite before 2.0")
    with (
        TemporaryDirectory(prefix="pcsc-") as folder,
        PrivatePcscd(Path(folder), polkit=True) as guarded,
    ):
        guarded.start()
        monkeypatch.setenv(SOCKET_VARIABLE, str(guarded.socket_path))
        said = until(denied)
    assert said == "other: readers: access denied: polkit says who may use readers"


# The process --------------------------------------------------------------------------------------

HOLD = """
import sys
from card_protocol.link.pcsc import PcscLink
link = PcscLink(sys.argv[1])
link.connect()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_program_that_is_killed_holds_no_card(pcscd, link):
    with (
        card_in(pcscd, link, budget_card()),
        subprocess.Popen(
            [sys.executable, "-c", HOLD, FIRST],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
        ) as holder,
    ):  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert fails(link.connect).kind is LinkErrorKind.IN_USE
        holder.kill()
        until(lambda: kind_of_connecting(link) is None or None)


def test_an_interrupted_question_is_not_answered_by_the_next_one(pcscd, link):
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        link.wait(present=False, wait_ms=0)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            link.wait(present=True, wait_ms=HANG_MS)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert link.wait(present=False, wait_ms=0)


def test_every_meaning_is_that_of_an_error_there_is():
    from smartcard import scard

    assert set(MEANINGS) <= set(vars(scard))
