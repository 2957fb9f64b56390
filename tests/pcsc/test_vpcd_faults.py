"""What goes wrong between a served card and PC/SC: nothing is lost, and nothing hangs."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from card_protocol.apdu import CommandApdu
from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.virtual import FileCard, card_of
from card_protocol.errors import ApduError, LinkError, LinkErrorKind
from card_protocol.formats.budget import DF_ELECTRICITY
from card_protocol.formats.container import plain_file
from card_protocol.link.pcsc import PcscLink
from card_protocol.serve.pcscd import VPCD_READERS, PrivatePcscd
from card_protocol.serve.vpcd import PluggedCard, VpcdSlot
from meter_emu.cli.output import write_atomically
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.bounds import HANG_MS, HANG_S
from tests.cards import file_card
from tests.cli.serving import Serving
from tests.firmware.meters import METER_ID
from tests.pcsc.needs import absent, pyscard_absent, refuse
from tests.rigs import counted

LOAD_CENTS = 2_500
GET_CHALLENGE = bytes.fromhex("0084000008")


@pytest.fixture(autouse=True)
def _client() -> None:
    if why := pyscard_absent() or absent("opensc-tool"):
        refuse(why)


@pytest.fixture
def link(pcscd: PrivatePcscd) -> Iterator[PcscLink]:
    with PcscLink(VPCD_READERS[0]) as link:
        yield link


def desk() -> Desk:
    return Desk(TEST_MASTER_KEY, challenge=counted())


def new_card(kind: CardKind = CardKind.SECURE) -> FileCard:
    return card_of(file_card(desk().issue(METER_ID, issued_at_min=0, card_kind=kind)), counted())


def load(link: PcscLink) -> None:
    """Load money on the card that is in the reader or will be at once."""
    assert link.wait(present=True, wait_ms=HANG_MS)
    link.connect()
    desk().serve(link.exchange, Work(load_cents=LOAD_CENTS), issued_at_min=1)
    link.disconnect()


def loads_on(image: CardImage) -> int:
    card = card_of(image, counted())
    card.power_on()
    return desk().account(card.transmit).desk.load_count


# The card is pulled -------------------------------------------------------------------------------


class Cut:
    """A card in a slot, pulled when it has sent `left` bytes of its answer to instruction `ins`."""

    def __init__(self, pcscd: PrivatePcscd, card: FileCard, ins: int, left: int) -> None:
        self.power_on, self.power_off = card.power_on, card.power_off
        self._card = card
        self._ins, self._left = ins, left
        self._obeyed: int | None = None
        self._slot = VpcdSlot(self)
        self._socket = pcscd.plug()
        self._thread = threading.Thread(daemon=True, target=self._serve)
        self._thread.start()

    def transmit(self, command: bytes) -> bytes:
        self._obeyed = command[1]
        return self._card.transmit(command)

    def end(self) -> None:
        self._thread.join(HANG_S)
        assert not self._thread.is_alive(), "it was not asked what it is pulled at"

    def _serve(self) -> None:
        with self._socket:
            while message := self._socket.recv(1_000):
                answer = self._slot.receive(message)
                if self._obeyed == self._ins:
                    self._socket.sendall(answer[: self._left])
                    break
                self._socket.sendall(answer)
        self._slot.closed()


# The two answers: to GET CHALLENGE, 8 bytes, and to the UPDATE BINARY that is the load. Of a cut
# one the driver (3.3) passes on what has come, if a byte of it has: a shorter answer, without its
# status word. With half of the length it takes pcscd down (SIGSEGV).
ANSWERS = ((0x84, 2 + 8 + 2), (0xD6, 2 + 2))


@pytest.mark.slow("a reader service of its own", short=6)
@pytest.mark.parametrize(
    ("ins", "left"), [(ins, left) for ins, size in ANSWERS for left in range(size)]
)
def test_a_card_pulled_at_every_byte_of_two_answers_is_loaded_once_or_not_at_all(
    pcscd, link, ins: int, left: int
) -> None:
    """The terminal takes no cut answer for a whole one, and the next session finds the card."""
    card = new_card()
    cut = Cut(pcscd, card, ins, left)
    with pytest.raises((LinkError, ApduError)):
        load(link)
    cut.end()
    assert loads_on(card.image) == int(ins == 0xD6)


# Daemon, clients, sizes ---------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "the.card"
    write_atomically(path, new_card().image.to_bytes())
    return path


def test_a_daemon_killed_in_mid_session_is_waited_for_and_the_load_comes_through(
    pcscd, link, file
) -> None:
    with Serving(file, command=pcscd.inside([])) as serving:
        serving.says("inserted")
        assert link.wait(present=True, wait_ms=HANG_MS)
        link.connect()
        assert len(link.exchange(GET_CHALLENGE)) == 10
        pcscd.kill()
        serving.says("out: the reader has gone")
        assert "is pcscd running" in serving.says("waiting: no reader")
        with pytest.raises(LinkError) as caught:
            link.exchange(GET_CHALLENGE)
        assert caught.value.kind is LinkErrorKind.BROKEN
        pcscd.start()
        serving.says("inserted")
        load(link)
        assert loads_on(CardImage.from_bytes(file.read_bytes())) == 1


def freeze(pcscd: PrivatePcscd) -> None:
    """Have every thread of the daemon stand still: one that has not heard yet would answer."""
    os.kill(pcscd.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, pcscd.pid, os.WSTOPPED)


def test_a_daemon_that_is_frozen_holds_nobody_for_ever(pcscd, file) -> None:
    with (
        Serving(file, command=pcscd.inside([])) as serving,
        PcscLink(VPCD_READERS[0], answer_ms=300) as link,
    ):
        serving.says("inserted")
        assert link.wait(present=True, wait_ms=HANG_MS)
        link.connect()
        freeze(pcscd)
        try:
            with pytest.raises(LinkError) as caught:
                link.exchange(GET_CHALLENGE)
            assert caught.value.kind is LinkErrorKind.TIMED_OUT
            serving.do("remove")
            serving.says("removed")
            serving.do("insert")
            assert "asks nothing" in serving.says("connected, but")
        finally:
            os.kill(pcscd.pid, signal.SIGCONT)
        serving.says("inserted")


def test_two_clients_at_once_are_both_served_or_one_is_told(pcscd, link, file) -> None:
    def reader() -> "subprocess.Popen[str]":
        send = "00:a4:00:0c:02:3f:00"
        command = ["opensc-tool", "-r", VPCD_READERS[0], *(10 * ["-s", send])]
        return subprocess.Popen(
            command, env=pcscd.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    with Serving(file, command=pcscd.inside([])) as serving:
        serving.says("inserted")
        assert link.wait(present=True, wait_ms=HANG_MS)
        for said in [one.communicate(timeout=HANG_S)[0] for one in (reader(), reader(), reader())]:
            assert said.count("SW1=0x90, SW2=0x00") == 10, said
        link.connect()
        refused = reader().communicate(timeout=HANG_S)[0]
        assert "SW1" not in refused
        assert "Reader in use by another application" in refused
        assert len(link.exchange(GET_CHALLENGE)) == 10, "and ours goes on"


def test_an_answer_longer_than_a_short_one_is_whole(pcscd, link) -> None:
    """Extended lengths: the whole file in one answer."""
    card = new_card(CardKind.PLAIN)
    (content,) = card.image.contents
    with PluggedCard(pcscd.plug(), card):
        assert link.wait(present=True, wait_ms=HANG_MS)
        link.connect()
        fid = plain_file(DF_ELECTRICITY).to_bytes(2, "big")
        assert link.exchange(CommandApdu(0, 0xA4, 0, 0x0C, fid).to_bytes()) == b"\x90\x00"
        answer = link.exchange(bytes.fromhex("00b00000000000"))
        assert answer == content + b"\x90\x00"
        assert len(content) > 256


OF_ONE_BYTE = {
    0: LinkErrorKind.TIMED_OUT,  # as POWER_OFF it has no answer
    1: LinkErrorKind.TIMED_OUT,
    2: LinkErrorKind.TIMED_OUT,
    3: b"\x67\x00",  # no control: the card says that no command is so short
    4: card_of(new_card().image, counted()).power_on(),
}


@pytest.mark.parametrize("code", OF_ONE_BYTE)
def test_a_command_of_one_byte_holds_nobody_for_ever(pcscd, code: int) -> None:
    """On the wire it looks like a control; the daemon waits until the card leaves."""
    with PcscLink(VPCD_READERS[0], answer_ms=200) as link:
        with PluggedCard(pcscd.plug(), new_card()):
            assert link.wait(present=True, wait_ms=HANG_MS)
            link.connect()
            said: object
            try:
                said = link.exchange(bytes((code,)))
            except LinkError as error:
                said = error.kind
            assert said == OF_ONE_BYTE[code]
        assert link.wait(present=False, wait_ms=HANG_MS), "and then it goes on"
