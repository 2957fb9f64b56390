"""`card serve` seen by programs that know only cards, and that we did not write."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.virtual import card_of
from card_protocol.errors import LinkError
from card_protocol.formats.budget import DF_ELECTRICITY, Sfi
from card_protocol.formats.budget.making import record_on
from card_protocol.link.pcsc import PcscLink
from card_protocol.serve.pcscd import VPCD_READERS, PrivatePcscd
from meter_emu.cli.output import write_atomically
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.bounds import HANG_S, until
from tests.cli.serving import Serving
from tests.pcsc.needs import absent, pyscard_absent, refuse

METER = 541_000_000_001


@pytest.fixture(autouse=True)
def _clients() -> None:
    if why := absent("opensc-tool", "pcsc_scan", "scriptor"):
        refuse(why)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "the.card"
    image = Desk(TEST_MASTER_KEY, challenge=bytes).issue(METER, issued_at_min=10_000_000)
    write_atomically(path, image.to_bytes())
    return path


@pytest.fixture
def serving(pcscd: PrivatePcscd, file: Path) -> Iterator[Serving]:
    with Serving(file, command=pcscd.inside([])) as made:
        made.says("inserted")
        yield made


def client(pcscd: PrivatePcscd, *command: str, typed: str = "") -> str:
    """Return what a PC/SC program prints."""
    done = subprocess.run(
        command, env=pcscd.environment, input=typed,
        capture_output=True, text=True, timeout=HANG_S, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def atr_of(file: Path, *, t0: bool = False) -> bytes:
    image = CardImage.from_bytes(file.read_bytes())
    return card_of(image, bytes, t0=t0).power_on()


def opensc_atr(pcscd: PrivatePcscd) -> bytes | None:
    said = client(pcscd, "opensc-tool", "--reader", VPCD_READERS[0], "--atr")
    found = re.search(r"^([0-9a-f]{2}(:[0-9a-f]{2})+)$", said, re.MULTILINE)
    return bytes.fromhex(found[1].replace(":", "")) if found else None


@pytest.mark.parametrize("options", [(), ("--t0",)])
def test_opensc_reads_the_atr_and_sends_what_we_say(
    pcscd: PrivatePcscd, file: Path, options: tuple[str, ...]
) -> None:
    with Serving(file, *options, command=pcscd.inside([])) as serving:
        serving.says("inserted")
        assert until(lambda: opensc_atr(pcscd)) == atr_of(file, t0=bool(options))
        fid = f"{DF_ELECTRICITY:04x}"
        said = client(
            pcscd, "opensc-tool", "--reader", VPCD_READERS[0],
            "-s", f"00:a4:00:0c:02:{fid[:2]}:{fid[2:]}", "-s", "00:84:00:00:08",
        )  # fmt: skip
    assert re.findall(r"SW1=0x(..), SW2=0x(..)", said) == [("90", "00")] * 2, said
    assert len(re.findall(r"^(?:[0-9A-F]{2} ){8}", said, re.MULTILINE)) == 1, "a challenge of 8"


def test_scriptor_reads_what_the_file_holds(
    pcscd: PrivatePcscd, serving: Serving, file: Path
) -> None:
    until(lambda: opensc_atr(pcscd))
    want = record_on(CardImage.from_bytes(file.read_bytes()), Sfi.IDENTITY)
    fid, sfi = f"{DF_ELECTRICITY:04x}", 0x80 | Sfi.IDENTITY
    script = f"00 a4 00 0c 02 {fid[:2]} {fid[2:]}\n00 b0 {sfi:02x} 00 00\n"
    said = client(pcscd, "scriptor", "-r", VPCD_READERS[0], typed=script)
    answers = re.findall(r"^< ((?:[0-9A-F]{2} ?\n?)+):", said, re.MULTILINE)
    assert [bytes.fromhex(answer) for answer in answers] == [b"\x90\0", want + b"\x90\0"], said


def test_pcsc_scan_watches_it_come_and_go(
    pcscd: PrivatePcscd, serving: Serving, file: Path, tmp_path: Path
) -> None:
    until(lambda: opensc_atr(pcscd))
    log = tmp_path / "scan"
    with log.open("wb") as shown:
        scan = subprocess.Popen(
            ["stdbuf", "-oL", "pcsc_scan", "-n"], env=pcscd.environment, stdout=shown, stderr=shown
        )

    def watched(*story: str) -> bool | None:
        """Whether it has said this of the first reader, and nothing else."""
        text = log.read_text("utf-8", "replace")
        shown = re.findall(r"Reader 0: .*\n.*\n  Card state: (.*?), ", text)
        return shown == [f"Card {state}" for state in story] or None

    try:
        until(lambda: watched("inserted"))
        serving.do("remove")
        until(lambda: watched("inserted", "removed"))
        serving.do("insert")
        until(lambda: watched("inserted", "removed", "inserted"))
    finally:
        scan.kill()
        scan.wait(HANG_S)
    atr = atr_of(file).hex(" ").upper()
    assert log.read_text("utf-8", "replace").count(f"ATR: {atr}\n") == 2


@pytest.mark.parametrize("kind", [CardKind.PLAIN, CardKind.SECURE])
def test_a_change_made_through_pcsc_is_in_the_file(
    pcscd: PrivatePcscd, file: Path, kind: CardKind
) -> None:
    image = Desk(TEST_MASTER_KEY, challenge=bytes).issue(METER, issued_at_min=1, card_kind=kind)
    write_atomically(file, image.to_bytes())
    with Serving(file, command=pcscd.inside([])) as serving:
        serving.says("inserted")
        until(lambda: opensc_atr(pcscd))
        said = client(
            pcscd, "opensc-tool", "-r", VPCD_READERS[0], "-s", "00:20:00:01:04:39:39:39:39"
        )
        assert "SW1=0x63, SW2=0xC2" in said
        assert CardImage.from_bytes(file.read_bytes()).tries_left[0] == 2


def test_a_card_put_back_at_once_within_a_session_is_seen(
    pcscd: PrivatePcscd, serving: Serving
) -> None:
    """The daemon misses one that is faster than its looks, so the card waits for them."""
    if why := pyscard_absent():
        refuse(why)
    with PcscLink(VPCD_READERS[0]) as link:
        for _ in range(2):
            assert link.wait(present=True, wait_ms=10_000)
            link.connect()
            serving.do("remove\ninsert")
            serving.says("inserted")
            with pytest.raises(LinkError):
                link.exchange(bytes.fromhex("0084000008"))
            link.disconnect()


# A program that goes on with the card that was put back as if nothing had been.
LEAVE: Final = """
import sys
from smartcard import scard
_, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
def wait(present):
    _, states = scard.SCardGetStatusChange(context, 0, [(sys.argv[1], scard.SCARD_STATE_UNAWARE)])
    while bool(states[0][1] & scard.SCARD_STATE_PRESENT) is not present:
        _, states = scard.SCardGetStatusChange(context, 1000, [(sys.argv[1], states[0][1])])
wait(True)
both = scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T1
code, card, _ = scard.SCardConnect(context, sys.argv[1], *both)
for do in ("remove", "insert"):
    print(do, flush=True)
    wait(do == "insert")
for how in (scard.SCARD_LEAVE_CARD, scard.SCARD_RESET_CARD):
    scard.SCardReconnect(card, *both, how)
    code, answer = scard.SCardTransmit(card, scard.SCARD_PCI_T1, [0, 0xA4, 0, 0x0C])
    print(code, bytes(answer).hex(), flush=True)
"""


def test_a_program_that_goes_on_with_a_card_put_back_does_not_throw_it_out(
    pcscd: PrivatePcscd, serving: Serving
) -> None:
    if why := pyscard_absent():
        refuse(why)
    command = [sys.executable, "-c", LEAVE, VPCD_READERS[0]]
    with subprocess.Popen(
        command, env=pcscd.environment, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        for do, says in (("remove", "removed"), ("insert", "inserted")):
            assert program.stdout.readline().strip() == do
            serving.do(do)
            serving.says(says)
        said = [line.split() for line in program.stdout]
    # What pcscd (2.3.3) powers by itself obeys; of one without power, see test_vpcd.
    assert said == [["0", "9000"]] * 2
    serving.do("remove")
    assert serving.said() == "removed", "it was in all the time"
