"""The process behind the PC/SC link: found or not, on time or not, and what its errors mean.

Here the PC/SC library is one that does what a test says; with the real one it is `tests/pcsc`.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.link import pcsc_child
from card_protocol.link.pcsc import MEANINGS, PcscLink, chosen_reader
from card_protocol.link.pcsc_process import PcscProcess
from tests.bounds import HANG_S
from tests.cells import each_cell

# A library whose readers are named like errors: looking into one gives that error, and who
# waits for a card gets it late.
LIBRARY = """
import os, signal, sys, time
SCARD_S_SUCCESS = SCARD_SCOPE_SYSTEM = SCARD_STATE_UNAWARE = SCARD_UNPOWER_CARD = 0
ERRORS = {errors}
globals().update({{name: 0x80100000 + at for at, name in enumerate(ERRORS)}})

def SCardEstablishContext(scope):
    return 0, "context"

def SCardReleaseContext(context):
    return 0

def SCardListReaders(context, groups):
    {listing}
    return 0, [*ERRORS, "0x80101234"]

def SCardGetStatusChange(context, wait_ms, states):
    if wait_ms:
        print("waiting", file=sys.stderr, flush=True)
        time.sleep(wait_ms / 1_000)
    name = states[0][0]
    return [globals()[name] if name in ERRORS else int(name, 16)]
"""


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a PC/SC library of our own before any other."""

    def put(text: str = LIBRARY, listing: str = "pass") -> None:
        (tmp_path / "smartcard").mkdir()
        (tmp_path / "smartcard" / "__init__.py").touch()
        errors = [*MEANINGS, "SCARD_E_NO_READERS_AVAILABLE"]
        text = text.format(errors=errors, listing=listing)
        (tmp_path / "smartcard" / "scard.py").write_text(text)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return put


def fails(call: Callable[[], Any]) -> LinkError:
    with pytest.raises(LinkError) as caught:
        call()
    return caught.value


NAMES = ["ACS ACR39U ICC Reader 00 00", "ACS ACR39U ICC Reader 01 00", "Gemalto PC Twin", "ACS"]


@each_cell(
    ("wanted", "name"),
    [(name, name) for name in NAMES] + [("39U icc reader 01", NAMES[1]), ("gemalto", NAMES[2])],
)
def test_a_reader_is_named_exactly_or_by_a_part_that_fits_no_other(wanted, name):
    assert chosen_reader(wanted, NAMES) == name


@each_cell(
    ("wanted", "names", "says"),
    [
        ("ACR39U", NAMES, f"'ACR39U' could be any of '{NAMES[0]}', '{NAMES[1]}'"),
        ("Cherry", NAMES[:1], f"'Cherry' is not there; there is '{NAMES[0]}'"),
        ("Cherry", [], "'Cherry' is not there; there is no reader at all"),
    ],
)
def test_a_name_that_fits_none_or_several_lists_what_there_is(wanted, names, says):
    said = fails(lambda: chosen_reader(wanted, names))
    assert (said.kind, str(said)) == (LinkErrorKind.NO_READER, f"no reader: {says}")


def test_a_missing_library_is_said(library):
    library("raise ImportError('libpcsclite.so.1: cannot open shared object file')")
    with PcscLink("any") as link:
        said = fails(link.connect)
    assert said.kind is LinkErrorKind.OTHER
    why = "libpcsclite.so.1: cannot open shared object file"
    assert str(said).startswith(f"other: any: import pyscard: {why} (")
    assert "pip install pyscard" in str(said)


# Chosen anew here, from what pcsclite.h says of each.
KINDS = {
    "SCARD_E_NO_SMARTCARD": LinkErrorKind.NO_CARD,
    "SCARD_E_NO_SERVICE": LinkErrorKind.BROKEN,
    "SCARD_E_READER_UNAVAILABLE": LinkErrorKind.NO_READER,
    "SCARD_E_SHARING_VIOLATION": LinkErrorKind.IN_USE,
    "SCARD_E_UNKNOWN_READER": LinkErrorKind.NO_READER,
    "SCARD_W_REMOVED_CARD": LinkErrorKind.CARD_GONE,
    "SCARD_W_RESET_CARD": LinkErrorKind.CARD_GONE,
    "SCARD_W_SECURITY_VIOLATION": LinkErrorKind.OTHER,
    "SCARD_W_UNPOWERED_CARD": LinkErrorKind.CARD_GONE,
    "SCARD_W_UNRESPONSIVE_CARD": LinkErrorKind.TIMED_OUT,
}


@pytest.mark.parametrize("name", KINDS)
def test_an_error_of_the_library_is_a_kind_and_a_line_that_names_the_reader(library, name):
    library()
    with PcscLink(name) as link:
        said = fails(lambda: link.wait(present=True, wait_ms=0))
    assert said.kind is KINDS[name]
    assert name in str(said)


def test_an_error_nobody_has_heard_of_is_said_with_its_number(library):
    library()
    with PcscLink("0x80101234") as link:
        said = fails(lambda: link.wait(present=True, wait_ms=0))
    assert str(said) == "other: 0x80101234: SCardGetStatusChange: 80101234"


STUCK = {
    "silent": "time.sleep(60)",
    "deaf to its alarm": "signal.signal(signal.SIGALRM, signal.SIG_IGN); time.sleep(60)",
}


@pytest.mark.parametrize("how", STUCK)
def test_a_call_that_does_not_return_ends_with_its_process(library, how, tmp_path):
    flag = str(tmp_path / "listed")
    library(listing=f"if os.path.exists({flag!r}): {STUCK[how]}\n    open({flag!r}, 'w').close()")
    with closing(PcscProcess("reader")) as process:
        process.ask("readers", 5_000)
        said = fails(lambda: process.ask("readers", 50))
        assert (said.kind, str(said)) == (
            LinkErrorKind.TIMED_OUT,
            "timed out: reader: no answer within 50 ms",
        )


@pytest.mark.parametrize("asked", [True, False], ids=["stuck", "idle"])
def test_an_orphan_ends_whatever_its_parent_ignored(library, asked):
    library(listing="time.sleep(60)")
    ours, theirs = socket.socketpair()
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    try:
        command = [sys.executable, "-P", pcsc_child.__file__]
        process = subprocess.Popen(command, stdin=theirs.fileno())
    finally:
        signal.signal(signal.SIGALRM, before)
    theirs.close()
    if asked:
        ours.sendall(b'{"do": "readers", "limit_ms": 50}\n')
    ours.close()
    assert process.wait(HANG_S) == (-signal.SIGALRM if asked else 0)


WAIT = """
from card_protocol.link.pcsc import PcscLink
PcscLink("SCARD_E_TIMEOUT").wait(present=True, wait_ms=60_000)
"""


def test_a_program_killed_while_it_waits_for_a_card_leaves_nobody_waiting(library):
    library()
    command = [sys.executable, "-c", WAIT]
    with subprocess.Popen(command, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2]) as holder:
        assert holder.stderr is not None
        assert holder.stderr.readline() == b"waiting\n"
        holder.kill()
        # Both processes have the pipe: it ends with the last, which has nothing to say of that.
        assert holder.communicate(timeout=HANG_S)[1] == b""


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), signal.SIGKILL)", "os._exit(3)"])
def test_a_process_that_ends_is_said_and_another_takes_its_place(library, end, tmp_path):
    flag = tmp_path / "ended"
    library(listing=f"if not os.path.exists({str(flag)!r}): open({str(flag)!r}, 'w'); {end}")
    with closing(PcscProcess("reader")) as process:
        said = fails(lambda: process.ask("readers", 5_000))
        status = 3 if "exit" in end else -signal.SIGKILL
        why = f"broken link: reader: the process that holds it ended with {status}"
        assert str(said) == why
        names = process.ask("readers", 5_000).done
        assert isinstance(names, list)
        assert len(names) == len(MEANINGS) + 2


def test_no_file_of_the_current_folder_is_taken_for_the_library(tmp_path, monkeypatch):
    (tmp_path / "smartcard.py").write_text("import os\nos._exit(7)\n")
    (tmp_path / "json.py").write_text("import os\nos._exit(7)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("PCSCLITE_CSOCK_NAME", os.fspath(tmp_path / "none"))
    with PcscLink("any") as link:
        assert "ended with" not in str(fails(link.connect))
