"""Many households on several processes: same bytes, flat memory, a clean end however it ends."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench.fleet import run
from tests.bounds import HANG_MS, HANG_S
from tests.campaigns import head
from tests.forked import Forked, ran

DAY = (
    head("a day", "2020-07-03T12:00:00", "2020-07-04T12:00:00")
    + """[[household]]
id = "armed"
kind = "armed"
count = COUNT
balance_eur = 20
load_w = 700
visits = [
  { at = 2020-07-03T14:00:00, desk = ["defer", "cut"] },
  { at = 2020-07-03T14:30:00, insert = true },
]
[[household]]
id = "ordinary"
kind = "ordinary"
balance_eur = 20
load_w = 300
"""
)
GROWTH_BYTES_MAX = 3 * 1024 * 1024  # ours: what allocators and buffers may differ by


def day(folder: Path, count: int) -> Path:
    path = folder / f"day-{count}.toml"
    path.write_text(DAY.replace("COUNT", str(count)), "utf-8")
    return path


def rehearse(*args: str | Path) -> subprocess.CompletedProcess[bytes]:
    return ran("rehearse", *args)


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    return [int(child) for child in text.split()]


def workers(pid: int) -> list[int]:
    """Return the children that rehearse; Python's resource tracker is none."""
    lines = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in children(pid)}
    return [child for child, line in lines.items() if b"spawn_main" in line]


def all_gone(handles: list[int]) -> bool:
    """Whether each process behind a handle has ended, or does within the bound."""
    poller = select.poll()
    for handle in handles:
        poller.register(handle, select.POLLIN)
    left = set(handles)
    while left:
        ended = poller.poll(HANG_MS)
        if not ended:
            return False
        for handle, _ in ended:
            poller.unregister(handle)
            left.discard(handle)
    return True


@contextmanager
def long_rehearsal(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """Give a rehearsal of far too many homes that has shown its first, and handles on its children.

    It leads a process group of its own, as a command typed at a terminal does.
    """
    command = [sys.executable, "-m", "meter_emu", "rehearse", str(day(folder, 900_000))]
    command += ["--jobs", "2", "--events", "--json", str(folder / "out.json")]
    pipe = subprocess.PIPE
    with Forked(command, stdout=pipe, stderr=pipe, start_new_session=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline()  # the first log is out: it runs
        handles = [os.pidfd_open(child) for child in children(running.pid)]
        try:
            yield running, handles
        finally:
            running.kill()
            for handle in handles:
                os.close(handle)


@pytest.mark.slow("a fleet in processes of its own", short=1)
@pytest.mark.parametrize("whole_group", [False, True], ids=["leader", "terminal"])
def test_interrupted_is_130_with_what_is_left_said_nothing_written_and_no_process_left(
    tmp_path, whole_group
):
    with long_rehearsal(tmp_path) as (running, handles):
        assert len(workers(running.pid)) == 2
        send = os.killpg if whole_group else os.kill
        send(running.pid, signal.SIGINT)
        _, said = running.communicate(timeout=HANG_S)
        assert running.returncode == 130
        left = (
            rb"meter-emu: interrupted: [\d,]+ of 900,001 households rehearsed, "
            rb"so far: 0 early, [\d,]+ without credit; (.*) not written\n\n"
        )
        found = re.fullmatch(left, said)  # the shell's prompt gets a line
        assert found is not None, said
        assert found[1] == bytes(tmp_path / "out.json")
        assert all_gone(handles)
    assert [path.name for path in tmp_path.iterdir()] == ["day-900000.toml"]


@pytest.mark.slow("a fleet in processes of its own")
def test_a_killed_worker_is_one_line_and_exit_2_with_nothing_written(tmp_path):
    with long_rehearsal(tmp_path) as (running, handles):
        os.kill(workers(running.pid)[0], signal.SIGKILL)
        _, said = running.communicate(timeout=HANG_S)
        want = b"meter-emu: a worker process ended by signal 9 before its work was done\n"
        assert (running.returncode, said) == (2, want)
        assert all_gone(handles)
    assert [path.name for path in tmp_path.iterdir()] == ["day-900000.toml"]


@pytest.mark.slow("a fleet in processes of its own")
def test_how_many_processes_work_makes_no_difference_to_a_byte(tmp_path):
    path = day(tmp_path, 40)
    one, three = (rehearse(path, "--json", "-", "--events", "--jobs", n) for n in "13")
    assert one.returncode == three.returncode == 0
    assert one.stdout == three.stdout
    ids = re.findall(rb'"id":"([a-z0-9-]+)"', one.stdout)
    assert ids == [b"armed-%d" % number for number in range(1, 41)] + [b"ordinary"]


@pytest.mark.slow("a fleet in processes of its own")
def test_a_mistake_found_by_a_worker_comes_after_the_runs_before_it(tmp_path):
    path = day(tmp_path, 30)
    text = path.read_text("utf-8")
    path.write_text(text.replace('id = "ordinary"', 'id = "ordinary"\nimage = "no.img"'), "utf-8")
    one, two = (rehearse(path, "--json", "-", "--jobs", n) for n in "12")
    assert one.returncode == two.returncode == 2
    assert one.stdout == two.stdout
    assert one.stdout.count(b'"id"') == 30
    assert one.stderr == two.stderr
    assert b"no.img: cannot be read: No such file" in one.stderr
    assert len(one.stderr.splitlines()) == 1
    assert rehearse(path, "--json", tmp_path / "out.json", "--jobs", "2").returncode == 2
    assert [file.name for file in tmp_path.iterdir()] == ["day-30.toml"]


@pytest.mark.slow("a fleet in processes of its own")
def test_memory_does_not_grow_with_the_number_of_meters(tmp_path):
    options = ("--jobs", "2", "--events", "--json", tmp_path / "out.json")
    few, many = (
        run("-m", "meter_emu", "rehearse", day(tmp_path, count), *options) for count in (60, 600)
    )  # with 300, stories that a worker holds, 22 kB each, are not seen
    assert few.status == many.status == 0
    assert many.peak_bytes - few.peak_bytes <= GROWTH_BYTES_MAX


@pytest.mark.slow("a fleet in processes of its own")
def test_the_measure_sees_homes_that_are_held(tmp_path):
    hold = (
        "import pathlib, sys; from meter_emu.world.rehearsal.campaign import load_campaign;"
        "list(load_campaign(pathlib.Path(sys.argv[1])).households)"
    )
    few, many = (run("-c", hold, day(tmp_path, count)) for count in (60, 6_000))
    assert many.peak_bytes - few.peak_bytes > GROWTH_BYTES_MAX


@pytest.mark.slow("a fleet in processes of its own")
def test_somebody_at_a_terminal_sees_how_far_it_is_and_how_long_it_takes(tmp_path):
    leader, terminal = pty.openpty()
    command = [sys.executable, "-m", "meter_emu", "rehearse", str(day(tmp_path, 40)), "--jobs=2"]
    env = {**os.environ, "TERM": "xterm"}  # on a dumb one nothing is drawn anew
    with Forked(command, stdout=subprocess.PIPE, stderr=terminal, env=env) as running:
        os.close(terminal)
        said = b""
        while chunk := _read(leader):
            said += chunk
        assert running.stdout is not None
        assert b"40 of 40 lived what was announced to them" in running.stdout.read()
    os.close(leader)
    assert b"so far: 0 early, 0 without credit" in said
    assert b"100%" in said
    assert re.search(rb"\d:\d\d:\d\d", said), "the time left"


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 65_536)
    except OSError:  # how Linux says that the other side of a terminal has closed
        return b""
