"""Kill -9 a long work again and again: it goes on, with the same bytes, and leaves nothing behind.

`python -m tests.kills.going_on` kills the leader of a fleet of 2,000 and of `diagnose --singles` at
20 random moments each. Every run goes on from what the one killed before it has left, so one work
is killed as often as there are moments. The diagnosis is of six mistakes: all that are known take
minutes a run, and no other way.
"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import click

from meter_emu.workers.results_file import source_digest
from tests.bounds import HANG_MS
from tests.interrupted import run_or_interrupted
from tests.workers.test_leader_killed import descendants, left_of

ROOT: Final = Path(__file__).parents[2]
LOOK_MS: Final = 20


class Work(NamedTuple):
    """A command line that keeps what it has; `{}` in it is how much there is to do."""

    words: str
    kept: str  # the file or folder, in its own
    stays: bool  # whether what is kept is for the next time too
    much: str
    little: str


_SIX: Final = " ".join(
    f"--only {mistake}"
    for mistake in (
        "end-exclusive", "no-day-366", "no-summer-time", "reactivation-clears-one",
        "summer-time-twice", "torn-read",
    )
)  # fmt: skip
WORKS: Final = {
    "fleet": Work(
        "rehearse ores-fleet --sample {} --jobs 2 --json out.json",
        kept="out.json.checkpoint", stays=False, much="2000", little="120",
    ),
    "diagnose": Work(
        "diagnose --seed 1 --singles --jobs 2 {} --kept kept --json out.json",
        kept="kept", stays=True, much=f"ores-2020-07 --samples 2 {_SIX}",
        little="../small.toml --samples 1 --only end-exclusive",
    ),
}  # fmt: skip


@click.command()
@click.option("--kills", default=20, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--work", "works", type=click.Choice(tuple(WORKS)), multiple=True, help="Of these.")
def going_on(*, kills: int, seed: int, works: Sequence[str]) -> None:
    """Kill each work so many times and print what came of it."""
    for name in works or WORKS:
        with TemporaryDirectory() as folder:
            done = killed(WORKS[name], WORKS[name].much, kills, Random(seed), Path(folder))
        click.echo(f"{name}: {done} kills, each gone on, the same bytes, nothing left")


def killed(work: Work, much: str, kills: int, chance: Random, folder: Path) -> int:
    """Kill a work; assert that it goes on and ends as one that nobody disturbed."""
    right, again = folder / "right", folder / "again"
    right.mkdir()
    again.mkdir()
    source = source_digest.__wrapped__()
    size = _run(work, much, right, None)
    moments = sorted(chance.randrange(size) for _ in range(kills))
    done = sum(_run(work, much, again, moment) > 0 for moment in moments)
    assert done > kills // 3, "the moments lie within the work"
    said = subprocess.run(
        _command(work, much), cwd=again, env=_environment(again), check=True, capture_output=True
    )
    assert source_digest.__wrapped__() == source, "the source was changed meanwhile: run it again"
    assert b"are done" in said.stderr, said
    assert (again / "out.json").read_bytes() == (right / "out.json").read_bytes()
    names = [{str(one.relative_to(at)) for one in at.rglob("*")} for at in (right, again)]
    assert names[0] == names[1], f"in one of them only: {sorted(names[0] ^ names[1])[:9]}"
    assert (again / work.kept).exists() == work.stays
    return done


def _run(work: Work, much: str, folder: Path, moment: int | None) -> int:
    """Run it in a folder up to its end, or to the kill when it keeps so many bytes.

    Return the most that was kept, 0 if its end came before the kill.
    """
    most = 0
    with subprocess.Popen(
        _command(work, much), cwd=folder, env=_environment(folder),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as running:  # fmt: skip
        handle = os.pidfd_open(running.pid)
        try:
            for _ in range(100 * HANG_MS // LOOK_MS):
                most = max(most, _bytes(folder / work.kept))
                if moment is not None and most >= moment and (folder / work.kept).exists():
                    below = descendants(running.pid)
                    running.send_signal(signal.SIGKILL)
                    running.wait()
                    assert left_of(below) == []
                    return most
                if select.select([handle], [], [], LOOK_MS / 1000)[0]:
                    break
        finally:
            running.kill()
            os.close(handle)
    return most if moment is None else 0


def _bytes(path: Path) -> int:
    """Return how many bytes a file has, or all files of a folder, while somebody writes them."""
    found = [one for one in (path, *path.rglob("*")) if one.is_file()]
    return sum(one.stat().st_size for one in found)


def _command(work: Work, much: str) -> list[str]:
    return [sys.executable, "-m", "meter_emu", *work.words.format(much).split()]


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder.parent)}


if __name__ == "__main__":
    run_or_interrupted(going_on)
