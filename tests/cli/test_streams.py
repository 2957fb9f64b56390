"""Every command with streams that are closed, full or left: what is done is done, and said."""

import os
import shlex
import shutil
import subprocess
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.cells import each_cell
from tests.cli.every_command import furnish, lines
from tests.forked import PROGRAM, Forked

STDIN, STDOUT, STDERR = range(3)
REFUSED = "standard output: cannot be written: "
# What differs from one run to the next, or is no business of standard output.
_SAME = {
    "card clock",
    "sts encode",
    "fuzz export",
    "fuzz run",
    "fuzz minimize",
    "fuzz replay",
    "run",
    "verify",
    "explore",
}


class Ended:
    """How a command line ended, and what it left."""

    def __init__(self, status: int, out: bytes, err: bytes, left: dict[str, bytes]) -> None:
        self.status, self.out, self.err, self.left = status, out, err.decode(), left


@pytest.fixture(scope="module")
def furnished(tmp_path_factory) -> Path:
    """A folder that has what the lines name."""
    folder: Path = tmp_path_factory.mktemp("streams") / "there"
    folder.mkdir()
    furnish(folder)
    return folder


def ended(
    furnished: Path, command: str, *, closed: tuple[int, ...] = (),
    out: int = subprocess.PIPE, err: int = subprocess.PIPE,
) -> Ended:  # fmt: skip
    """Run the line of a command in a folder of its own, to its end."""
    folder = furnished.with_name("one")
    shutil.copytree(furnished, folder)
    kind = type("Closed", (Forked,), {"closed": closed})
    words = shlex.split(f"{command} {lines_of()[command]}")
    try:
        with (folder / "nothing").open("wb+") as nothing:
            (folder / "nothing").unlink()
            process = kind([*PROGRAM, *words], cwd=folder, stdin=nothing, stdout=out, stderr=err)
        with process:
            try:
                said, wrong = process.communicate(timeout=HANG_S)
            except BaseException:
                process.kill()
                raise
        left = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
    finally:
        shutil.rmtree(folder)
    return Ended(process.returncode, said or b"", wrong or b"", left)


@cache
def lines_of() -> dict[str, str]:
    return lines()


_RIGHT: dict[str, Ended] = {}


def right(furnished: Path, command: str) -> Ended:
    """Return how it ends where nothing is wrong with its streams."""
    if command not in _RIGHT:
        _RIGHT[command] = ended(furnished, command)
    return _RIGHT[command]


def check_unseen(furnished: Path, command: str, found: Ended, *, heard: bool, why: str) -> None:
    """Hold that what was shown to nobody is no success, and that what was done is said."""
    whole = right(furnished, command)
    before = {
        str(path.relative_to(furnished)): path.read_bytes()
        for path in furnished.rglob("*")
        if path.is_file()
    }
    assert "Traceback" not in found.err
    if not whole.out:  # there was nothing to show
        assert found.status == whole.status, found.err
        return
    assert found.left.keys() == whole.left.keys()
    did = found.left != before
    assert found.status == (3 if did else 2), (found.status, found.err)
    if heard:
        assert f"{REFUSED}{why}" in found.err
        assert ("done all the same: " in found.err) is did
        changed = [name for name in found.left if before.get(name) != found.left[name]]
        assert not did or any(name.partition("/")[0] in found.err for name in changed)
    if "token" in command and did:
        assert found.left == whole.left
        assert not heard or "desk token list " in found.err


def combinations() -> list[tuple[str, tuple[int, ...]]]:
    sets = [
        tuple(number for number, is_closed in enumerate(one) if is_closed)
        for one in product((False, True), repeat=3)
    ]
    # Nobody can command what serves a card and hears nothing: it serves until a signal.
    return [
        (command, closed)
        for command, closed in product(lines_of(), sets)
        if command != "card serve" or STDIN not in closed
    ]


@pytest.mark.slow("runs command lines to their ends")
@each_cell(("command", "closed"), combinations, short=6)
def test_whatever_is_closed_what_was_done_is_done_and_said(furnished, command, closed):
    found = ended(furnished, command, closed=closed)
    whole = right(furnished, command)
    if STDOUT in closed:
        if found.status != whole.status or STDIN not in closed:
            check_unseen(furnished, command, found, heard=STDERR not in closed, why="bad file")
    elif STDIN in closed and command == "run":
        assert found.status == 2
        assert STDERR in closed or "standard input is closed" in found.err
    else:
        assert found.status == whole.status, found.err
        assert command in _SAME or found.out == whole.out


@pytest.mark.slow("runs command lines to their ends")
@each_cell("command", lambda: list(lines_of()), short=3)
def test_a_full_device_takes_no_answer_and_the_status_says_so(furnished, command):
    with Path("/dev/full").open("wb") as full:
        found = ended(furnished, command, out=full.fileno())
        check_unseen(furnished, command, found, heard=True, why="no space left on device")
        silent = ended(furnished, command, err=full.fileno())
    assert silent.status == right(furnished, command).status


@pytest.mark.slow("runs command lines to their ends")
@each_cell(("command", "last"), lambda: list(product(lines_of(), (False, True))), short=3)
def test_a_reader_that_leaves_at_the_first_byte_or_the_last_costs_no_deed(furnished, command, last):
    whole = right(furnished, command)
    near, far = os.pipe()
    if not last:
        os.close(near)
    try:
        found = ended(furnished, command, out=far)
    finally:
        os.close(far)
        if last:
            os.close(near)
    assert "Traceback" not in found.err
    assert found.left.keys() == whole.left.keys()
    if whole.out and not last:
        assert found.status in {3, 141}, found.err
        assert (found.status == 3) is ("done all the same" in found.err)
        assert command != "desk token sell" or found.status == 3
    elif len(whole.out) < 1 << 16:  # what a pipe takes: its reader left after the end
        assert found.status == whole.status, found.err
