"""The harness itself: real clients see what is plugged into the private daemon, and only that."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from card_protocol.card.virtual import card_of
from card_protocol.serve.pcscd import VPCD_READERS, PrivatePcscd, can_be_apart
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.bounds import HANG_S, until
from tests.docs.pages import blocks, page
from tests.pcsc.needs import DAEMON, absent, refuse

ATR = bytes.fromhex("3b80800101")


@pytest.fixture(params=[True, False], ids=["apart", "here"])
def pcscd(request: pytest.FixtureRequest) -> Iterator[PrivatePcscd]:
    """Both kinds, wherever both can be had."""
    if why := absent(*DAEMON):
        refuse(why)
    if request.param and not can_be_apart():
        pytest.skip("no namespace can be made here, as in a plain container")
    with (
        TemporaryDirectory(prefix="pcsc-") as folder,
        PrivatePcscd(Path(folder), apart=request.param) as private,
    ):
        private.start()
        yield private


@contextmanager
def null_card(pcscd: PrivatePcscd, slot: int = 0) -> Iterator[None]:
    """Plug in a card that answers 9000 to everything, written from the protocol alone."""
    plugged = pcscd.plug(slot)
    serving = threading.Thread(target=_serve_null, args=(plugged,))
    serving.start()
    try:
        yield
    finally:
        plugged.shutdown(2)
        serving.join(HANG_S)
        plugged.close()


def _serve_null(plugged) -> None:
    with suppress(OSError), plugged.makefile("rb") as stream:  # pulled in the middle of an answer
        while size := int.from_bytes(stream.read(2), "big"):
            message = stream.read(size)
            answer = ATR if message == b"\x04" else b"\x90\x00" if size > 1 else b""
            if answer:
                plugged.sendall(len(answer).to_bytes(2, "big") + answer)


def run(pcscd: PrivatePcscd, *command: str) -> str:
    done = subprocess.run(
        command, env=pcscd.environment, capture_output=True, text=True, timeout=HANG_S, check=False
    )
    return done.stdout + done.stderr


@pytest.fixture(autouse=True)
def _clients() -> None:
    if why := absent("opensc-tool", "pcsc_scan"):
        refuse(why)


def has_card(pcscd: PrivatePcscd, reader: str) -> bool:
    return any(
        line.endswith(reader) and " Yes " in line
        for line in run(pcscd, "opensc-tool", "--list-readers").splitlines()
    )


def test_both_readers_are_there_and_empty(pcscd: PrivatePcscd) -> None:
    listed = run(pcscd, "pcsc_scan", "-r")
    assert all(reader in listed for reader in VPCD_READERS)
    assert not any(has_card(pcscd, reader) for reader in VPCD_READERS)


@pytest.mark.parametrize(("slot", "reader"), [*enumerate(VPCD_READERS)])
def test_plugging_in_is_insertion_and_closing_is_removal(
    pcscd: PrivatePcscd, slot: int, reader: str
) -> None:
    with null_card(pcscd, slot):
        until(lambda: has_card(pcscd, reader) or None)
        answered = run(pcscd, "opensc-tool", "--reader", reader, "--send-apdu", "00:A4:00:0C")
        assert "SW1=0x90, SW2=0x00" in answered
        assert sum(has_card(pcscd, one) for one in VPCD_READERS) == 1
    until(lambda: not has_card(pcscd, reader) or None)


def test_what_is_run_inside_reaches_both_slots(pcscd: PrivatePcscd) -> None:
    for port in pcscd.ports:
        ask = f"import socket; socket.create_connection(('127.0.0.1', {port}))"
        command = pcscd.inside([sys.executable, "-c", ask])
        assert subprocess.run(command, timeout=HANG_S, check=False).returncode == 0


def test_apart_nobody_else_reaches_a_slot(pcscd: PrivatePcscd) -> None:
    rows = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    listening = {row.split()[1].partition(":")[2] for row in rows if row.split()[3] == "0A"}
    ours = {f"{port:04X}" for port in pcscd.ports}
    assert bool(ours & listening) is not pcscd.apart


def test_the_daemon_can_be_killed_and_started_again_on_the_same_path(pcscd: PrivatePcscd) -> None:
    pcscd.kill()
    assert "No smart card readers found" in run(pcscd, "opensc-tool", "--list-readers")
    pcscd.start()
    with null_card(pcscd):
        until(lambda: has_card(pcscd, VPCD_READERS[0]) or None)


def test_two_daemons_do_not_see_each_other(pcscd: PrivatePcscd) -> None:
    with (
        TemporaryDirectory(prefix="pcsc-") as folder,
        PrivatePcscd(Path(folder), apart=False) as other,
    ):
        other.start()
        assert set(pcscd.ports).isdisjoint(other.ports)
        with null_card(other):
            until(lambda: has_card(other, VPCD_READERS[0]) or None)
            assert not has_card(pcscd, VPCD_READERS[0])


@pytest.mark.slow("a daemon and a command of their own")
def test_a_command_runs_inside_with_its_own_exit_status() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.pcsc.inside", "--", "sh", "-c", "opensc-tool -l; exit 7"],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=HANG_S, check=False,
    )  # fmt: skip
    assert done.returncode == 7, done.stderr
    assert VPCD_READERS[0] in done.stdout


def test_the_lines_on_the_page_serve_a_card_to_another_program() -> None:
    (code,) = blocks(page("docs/card-serve.md"), "python")
    names: dict[str, Any] = {}
    exec(code, names)
    card = card_of(Desk(TEST_MASTER_KEY).issue(1, issued_at_min=0), bytes)
    once_seen = ["sh", "-c", "until opensc-tool --atr | grep 3b:; do sleep 0.1; done"]
    assert names["run_beside"](card, once_seen).strip() == card.power_on().hex(":")
