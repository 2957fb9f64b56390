"""A folder that nobody may write in, a disk without room: nothing lost, one line, nothing left."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kills.command_lines import NEW, WRITES, Writes
from tests.kills.folders import before_of, done, files_in, folder_with
from tests.kills.test_kills import CHOSEN
from tests.kills.warm import ROOT, Ended, Job, Warm


def refused(ended: Ended, writes: Writes, why: str) -> None:
    """It ended with 2 and one line that says why; a sitting says one for each file."""
    assert ended.status == 2, ended
    lines = ended.err.splitlines()
    assert len(lines) == 1 or writes.mixed, ended
    assert any("cannot be written: " + why in line for line in lines), ended
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("command", CHOSEN)
def test_a_disk_without_room_leaves_what_was_there(command: str, warm: Warm) -> None:
    """The system refuses bytes beyond a size, from the first or in the middle of a file."""
    writes = WRITES[command]
    there = before_of(warm, writes)
    for size_max in (0, 10):  # the shortest is a key of 16 bytes
        with folder_with(there) as folder:
            (ended,) = warm.run(
                Job(list(writes.argv), str(folder), writes.typed, size_max=size_max)
            )
            refused(ended, writes, "file too large")
            assert files_in(folder) == there
            done(warm, writes, writes.argv, folder)


@pytest.mark.parametrize("command", CHOSEN)
def test_a_folder_that_nobody_may_write_in_stays_as_it_is(command: str, warm: Warm) -> None:
    writes = WRITES[command]
    there = before_of(warm, writes)
    with folder_with(there) as folder:
        folder.chmod(0o555)
        try:
            (ended,) = warm.run(Job(list(writes.argv), str(folder), writes.typed))
            assert ended.status == 2, ended
            assert "permission denied" in ended.err, ended
            assert len(ended.err.splitlines()) == 1 or writes.mixed, ended
            assert files_in(folder) == there
        finally:
            folder.chmod(0o755)
        done(warm, writes, writes.argv, folder)


# Two pages of 4 KiB: one for the card, and one for whatever else there is.
ON_A_SMALL_DISK = """
mount -t tmpfs -o size=8k tmpfs "$1" || exit 125
cp "$2" "$1/a.card"
[ -z "$3" ] || head -c 4096 /dev/zero > "$1/filler"
"$4" -m meter_emu desk load "$1/a.card" --eur 5 > /dev/null
status=$?
cp "$1/a.card" "$2.after"
ls -A "$1"
exit $status
"""


def on_a_small_disk(card: Path, disk: Path, *, full: bool) -> "subprocess.CompletedProcess[str]":
    """Load a card on a disk of its own, which ends with the namespace it is mounted in."""
    words = [ON_A_SMALL_DISK, "sh", str(disk), str(card), "full" if full else "", sys.executable]
    return subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", *words],
        capture_output=True, check=False, cwd=ROOT, text=True,
    )  # fmt: skip


@pytest.mark.slow("mounts a small disk")
def test_a_disk_that_is_really_full_keeps_the_card(tmp_path: Path, warm: Warm) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    (made,) = warm.run(Job([*NEW, "--carrier", "plain"], str(tmp_path)))
    assert made.status == 0
    card, disk = tmp_path / "a.card", tmp_path / "disk"
    disk.mkdir()
    old = card.read_bytes()
    done = on_a_small_disk(card, disk, full=True)
    if done.returncode in {1, 125}:  # no namespaces for us here, or no mounts in them
        pytest.skip(f"no disk of our own: {done.stderr.strip()}")
    assert done.returncode == 2, done
    assert done.stderr == f"meter-emu: {disk}/a.card: cannot be written: no space left on device\n"
    assert done.stdout.split() == ["a.card", "filler"]
    assert Path(f"{card}.after").read_bytes() == old
    room = on_a_small_disk(card, disk, full=False)
    assert (room.returncode, room.stdout.split()) == (0, ["a.card"])
    assert Path(f"{card}.after").read_bytes() != old
    assert list(disk.iterdir()) == []
