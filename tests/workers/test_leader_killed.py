"""No process is left of a command whose leader was killed with -9: each command that starts any."""

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.bounds import HANG_MS, HANG_S

ROOT = Path(__file__).parents[2]
LOOK_MS = 20
# Each with how many processes it has started when it is at work; one of them tracks resources.
COMMANDS = {
    "rehearse": ("meter_emu rehearse ores-fleet --jobs 2 --json out.json", 3),
    "rehearse, a stranger's program": (
        "meter_emu rehearse ores-fleet --jobs 2 --build tests.world.rehearsal.failing:Healthy",
        3,
    ),
    "rehearse on a cluster": ("meter_emu rehearse ores-fleet --cluster local:2", 3),
    "explore": ("meter_emu explore reference --depth 9 --jobs 2", 3),
    "diagnose": ("meter_emu diagnose ores-2020-07 --seed 1 --kept kept --jobs 2", 3),
    "verify": ("meter_emu verify reference --jobs 2 --examples 100000", 3),
    "fuzz": ("meter_emu fuzz run atr --time 600 --jobs 1 --no-coverage", 1),
    "matrix": ("tests.matrix torn-read --stories 5000", 2),
    "mutants": ("tests.mutants --sample 2 --stories 5000", 3),
    "power": ("tests.bench.power --only torn-read", 2),
    "seen": ("tests.docs.seen_in_campaigns", 3),
}


def descendants(pid: int) -> set[int]:
    """Return the processes below one, those that are gone meanwhile left out."""
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                children = {int(child) for child in task.read_text("ascii").split()}
            except OSError:
                continue
            waiting += children - found
            found |= children
    return found


def wait_for_workers(leader: subprocess.Popen[bytes], count: int) -> set[int]:
    """Return the processes below a leader when there are so many."""
    handle = os.pidfd_open(leader.pid)
    try:
        for _ in range(HANG_MS // LOOK_MS):
            found = descendants(leader.pid)
            if len(found) >= count:
                return found
            ended, _, _ = select.select([handle], [], [], LOOK_MS / 1000)
            assert not ended, leader.communicate()
    finally:
        os.close(handle)
    raise AssertionError("it never starts a worker")


def left_of(pids: set[int]) -> list[str]:
    """Return what each of these processes is at that is there still when the bound is over."""
    left = []
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        if not select.select([handle], [], [], HANG_S)[0]:
            left.append(state_of(pid))
        os.close(handle)
    return left


def state_of(pid: int) -> str:
    """Return the command line of a process, and its state and call thread by thread."""
    about = Path(f"/proc/{pid}")
    said = [about.joinpath("cmdline").read_text("utf-8", "replace").replace("\0", " ")]
    for thread in sorted(about.joinpath("task").iterdir()):
        for name in ("stat", "wchan", "syscall"):
            with suppress(OSError):
                said.append(f"{name} {thread.joinpath(name).read_text()}")
    return "\n".join(said)


@pytest.mark.slow("starts workers")
@pytest.mark.parametrize("name", COMMANDS if os.environ.get("METER_EMU_KILLS") else ["verify"])
def test_a_killed_leader_leaves_no_process(tmp_path: Path, name: str) -> None:
    words, workers = COMMANDS[name]
    with subprocess.Popen(
        [sys.executable, "-m", *words.split()],
        cwd=tmp_path,
        # What SIGKILL keeps it from removing lies below a folder of this test.
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as leader:
        found = wait_for_workers(leader, workers)
        leader.send_signal(signal.SIGKILL)
        assert left_of(found) == []
