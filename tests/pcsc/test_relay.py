"""`card relay`: a card in one slot of the virtual reader is found in the other, and recorded."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import VirtualCard, card_of
from card_protocol.errors import LinkError
from card_protocol.link.pcsc import PcscLink
from card_protocol.serve.pcscd import SOCKET_VARIABLE, VPCD_READERS, PrivatePcscd
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.bounds import HANG_MS, HANG_S, until
from tests.cli.outcome import Outcome, runner
from tests.cli.serving import ROOT, Serving
from tests.pcsc.needs import absent, pyscard_absent, refuse
from tests.pcsc.slots import Pulled, card_in, inserted, kind_of_connecting
from tests.reliability.hostile import EACH

REAL, STUDIED = VPCD_READERS
SURE = "--yes-write-hardware"
SELECT, READ = bytes.fromhex("00a4000c02be01"), bytes.fromhex("00b000000a")
PIN, UPDATE = bytes.fromhex("002000010437383136"), bytes.fromhex("00d600000100")
DONE, NOT_SENT = b"\x90\x00", b"\x69\x00"


@pytest.fixture(autouse=True)
def _client() -> None:
    if why := pyscard_absent():
        refuse(why)


@pytest.fixture
def real(pcscd: PrivatePcscd) -> Iterator[PcscLink]:
    with PcscLink(REAL) as link:
        yield link


@pytest.fixture
def terminal(pcscd: PrivatePcscd) -> Iterator[PcscLink]:
    with PcscLink(STUDIED) as link:
        yield link


@pytest.fixture
def desk(monkeypatch, capsys) -> Callable[..., Outcome]:
    return runner(monkeypatch, capsys, "desk", after=("--reader", STUDIED))


def a_card(kind: CardKind = CardKind.PLAIN, *, t0: bool = False) -> VirtualCard:
    image = Desk(TEST_MASTER_KEY, challenge=bytes).issue(1, issued_at_min=0, card_kind=kind)
    return card_of(image, Random(1).randbytes, t0=t0)


def relaying(pcscd: PrivatePcscd, *options: object) -> Serving:
    words = ("--reader", REAL, "--port", pcscd.ports[1], *options)
    return Serving(*words, verb="relay", command=pcscd.inside([]))


def seen(link: PcscLink, *, present: bool = True) -> None:
    assert link.wait(present=present, wait_ms=HANG_MS)


@pytest.mark.slow("sends many commands over two readers")
def test_what_reads_is_passed_on_and_recorded_and_nothing_else(
    pcscd: PrivatePcscd, real: PcscLink, terminal: PcscLink, tmp_path: Path
) -> None:
    card, trace = a_card(), tmp_path / "fielded.trace"
    before = card.image
    with card_in(pcscd, real, card), relaying(pcscd, "--trace", trace, "--json", "-") as relay:
        seen(terminal)
        assert terminal.connect() == a_card().power_on()
        assert [terminal.exchange(one) for one in (SELECT, PIN, UPDATE, UPDATE)] == [
            DONE, NOT_SENT, NOT_SENT, NOT_SENT,
        ]  # fmt: skip
        read = terminal.exchange(READ)
        terminal.disconnect()
        assert relay.end() == 0
        shown = json.loads(relay.rest())
        counts = {"insertions": 1, "commands": 5, "not_sent": 3}
        assert shown == {
            "schema": "card-relay/1", "reader": REAL, **counts, "ended_by": "end of input",
        }  # fmt: skip
        refused = "class 00 instruction {} is not on the list for this card"
        said = [line for line in relay.complaint.splitlines() if line.startswith("not sent: ")]
        assert said == [f"not sent: {refused.format(ins)}" for ins in ("20", "D6")]
    assert card.image == before
    assert read.startswith(b"PE")
    rows = [json.loads(line) for line in trace.read_text().splitlines()]
    assert rows[0]["origin"] == {"kind": "relay"}
    assert [row["row"] for row in rows[-2:]] == ["remove", "end"]
    asked = [row for row in rows if row["row"] == "exchange"]
    assert [row.get("failure", "")[:8] for row in asked] == ["", *["not sent"] * 3, ""]
    assert asked[1]["command"] == "0020000104xxxxxxxx"
    assert asked[4]["answer"] == read.hex()
    assert all("us" in row for row in rows[1:])


@pytest.mark.slow("a reader service of its own")
@pytest.mark.parametrize("kind", [CardKind.SECURE, CardKind.PLAIN])
def test_an_office_reads_and_writes_through_it_when_it_may(
    pcscd: PrivatePcscd, real: PcscLink, terminal: PcscLink, desk, kind: CardKind
) -> None:
    """A plain card speaks T=0 here."""
    card = a_card(kind, t0=kind is CardKind.PLAIN)
    with card_in(pcscd, real, card), relaying(pcscd, SURE) as relay:
        relay.says("inserted")
        seen(terminal)
        done = desk("load", "--eur", "50", SURE)
        assert (done.code, done.err) == (0, "")
        assert "ever loaded 50.00 EUR in 1 load" in desk("account").out
        relay.do("quit")
        assert relay.end() == 0


@pytest.mark.slow("starts another service")
def test_a_terminal_at_another_service_finds_the_card(pcscd: PrivatePcscd, real: PcscLink) -> None:
    """The relay is a client of one service, and at another a card."""
    if why := absent("opensc-tool"):
        refuse(why)
    with (
        TemporaryDirectory(prefix="pcsc-") as folder,
        PrivatePcscd(Path(folder)) as other,
        card_in(pcscd, real, a_card()),
    ):
        other.start()
        ours = ("env", f"{SOCKET_VARIABLE}={pcscd.socket_path}")
        with Serving("--reader", REAL, verb="relay", command=[*other.inside(ours)]) as relay:
            relay.says("inserted")
            asked = until(lambda: opensc(other, "00A4000C02BE01", "00D600000100"))
            assert asked == ["9000", "6900"]
            other.kill()
            relay.says("out: the reader has gone")
            other.start()
            relay.says("inserted")
            assert until(lambda: opensc(other, "00A4000C02BE01")) == ["9000"]


def opensc(pcscd: PrivatePcscd, *commands: str) -> list[str] | None:
    """Return the status words that opensc-tool gets, `None` where it finds no card yet."""
    sent = [word for command in commands for word in ("--send-apdu", command)]
    done = subprocess.run(
        ["opensc-tool", "--reader", "0", *sent], env=pcscd.environment,
        capture_output=True, text=True, timeout=HANG_S, check=False,
    )  # fmt: skip
    return ["".join(pair) for pair in re.findall(r"SW1=0x(..), SW2=0x(..)", done.stdout)] or None


@pytest.mark.slow("has a process of its own, and pulls a card out of it")
def test_it_follows_a_card_that_comes_and_goes(
    pcscd: PrivatePcscd, real: PcscLink, terminal: PcscLink
) -> None:
    with relaying(pcscd) as relay:
        assert relay.said() == f"{REAL}: what reads is passed on"
        assert relay.said() == f"waiting: no card: {REAL}"
        with card_in(pcscd, real, a_card()):
            relay.says("inserted")
            seen(terminal)
        assert relay.says("out: ") == f"out: no card: {REAL}; looking for it again"
        seen(terminal, present=False)
        pulled = Pulled(a_card())
        with inserted(pcscd, pulled) as slot:
            pulled.slot, pulled.at = slot, 2  # in the middle of a session, by the real reader
            relay.says("inserted")
            seen(terminal)
            terminal.connect()
            assert terminal.exchange(SELECT) == DONE
            with pytest.raises(LinkError):
                terminal.exchange(READ)
        assert relay.says("out: ").startswith(f"out: card removed: {REAL}")
        assert relay.ended(signal.SIGTERM) == 143
        assert relay.said().startswith(("waiting", "SIGTERM: removed"))


def test_killed_in_a_session_it_leaves_the_card_to_others_unpowered(
    pcscd: PrivatePcscd, real: PcscLink, terminal: PcscLink
) -> None:
    card = a_card()
    with card_in(pcscd, real, card), relaying(pcscd) as relay:
        relay.says("inserted")
        seen(terminal)
        terminal.connect()
        assert terminal.exchange(SELECT) == DONE
        relay.process.kill()
        seen(terminal, present=False)
        with pytest.raises(LinkError):
            terminal.exchange(READ)
        until(lambda: kind_of_connecting(real) is None or None)  # the service lets go of the dead
        assert real.exchange(READ)[-2:] != DONE, "nothing is selected in it any more"


@pytest.mark.slow("a reader service of its own")
def test_a_real_card_outlives_readers_that_talk_nonsense(
    pcscd: PrivatePcscd, real: PcscLink
) -> None:
    """Where they listen in place of the driver: `tests.reliability.blurts`."""
    words = [sys.executable, "-m", "tests.reliability.blurts", str(EACH), "1"]
    card = a_card()
    before = card.image
    with (
        card_in(pcscd, real, card),
        subprocess.Popen(
            pcscd.inside(words), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as readers,
    ):
        assert readers.stdout is not None
        port = int(readers.stdout.readline())
        to_them = ("--reader", REAL, "--port", port)
        with Serving(*to_them, verb="relay", command=pcscd.inside([])) as relay:
            assert readers.stdout.readline() == b"9000\n"
            assert relay.ended(signal.SIGTERM) == 143
            assert "Traceback" not in relay.complaint
    assert card.image == before


@pytest.mark.slow("a reader service of its own")
def test_a_reader_that_is_not_there_and_one_in_a_circle_are_said(
    pcscd: PrivatePcscd, real: PcscLink
) -> None:
    to_first = ("--port", pcscd.ports[0], "--wait-s", "1")
    command = pcscd.inside([])
    with (
        Serving("--reader", "nobody", *to_first, verb="relay", command=command) as nobody,
        card_in(pcscd, real, a_card()),
        Serving("--reader", REAL, *to_first, verb="relay", command=command) as circle,
    ):
        assert nobody.process.wait(HANG_S) == 2
        listed = ", ".join(repr(name) for name in VPCD_READERS)
        assert (
            nobody.complaint == f"meter-emu: no reader: 'nobody' is not there; there is {listed}\n"
        )
        assert circle.process.wait(HANG_S) == 2
        assert circle.complaint == (
            "meter-emu: timed out: connected, but the reader asks nothing: "
            "is another card in its slot?\n"
        )
