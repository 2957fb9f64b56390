"""The harness itself: real clients see what is plugged into the private daemon, and only that."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.pcsc.needs import absent, refuse
from tests.pcsc.private import PORTS, READERS, PrivatePcscd, until

ATR = bytes.fromhex("3b80800101")


@contextmanager
def null_card(pcscd: PrivatePcscd, port: int = PORTS[0]) -> Iterator[None]:
    """Plug in a card that answers 9000 to everything, written from the protocol alone."""
    plugged = pcscd.plug(port)
    serving = threading.Thread(target=_serve_null, args=(plugged,))
    serving.start()
    try:
        yield
    finally:
        plugged.shutdown(2)
        serving.join(10)
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
        command, env=pcscd.environment, capture_output=True, text=True, timeout=20, check=False
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
    assert all(reader in listed for reader in READERS)
    assert not any(has_card(pcscd, reader) for reader in READERS)


@pytest.mark.parametrize(("port", "reader"), [*zip(PORTS, READERS, strict=True)])
def test_plugging_in_is_insertion_and_closing_is_removal(
    pcscd: PrivatePcscd, port: int, reader: str
) -> None:
    with null_card(pcscd, port):
        until(lambda: has_card(pcscd, reader) or None)
        answered = run(pcscd, "opensc-tool", "--reader", reader, "--send-apdu", "00:A4:00:0C")
        assert "SW1=0x90, SW2=0x00" in answered
        assert sum(has_card(pcscd, one) for one in READERS) == 1
    until(lambda: not has_card(pcscd, reader) or None)


def test_the_daemon_can_be_killed_and_started_again_on_the_same_path(pcscd: PrivatePcscd) -> None:
    pcscd.kill()
    assert "No smart card readers found" in run(pcscd, "opensc-tool", "--list-readers")
    pcscd.start()
    with null_card(pcscd):
        until(lambda: has_card(pcscd, READERS[0]) or None)


def test_two_daemons_do_not_see_each_other(pcscd: PrivatePcscd) -> None:
    with TemporaryDirectory(prefix="pcsc-") as folder, PrivatePcscd(Path(folder)) as other:
        other.start()
        with null_card(other):
            until(lambda: has_card(other, READERS[0]) or None)
            assert not has_card(pcscd, READERS[0])


def test_a_command_runs_inside_with_its_own_exit_status() -> None:
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "tests.pcsc.inside", "--", "sh", "-c", "opensc-tool -l; exit 7"],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 7, done.stderr
    assert READERS[0] in done.stdout
