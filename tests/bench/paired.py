"""This tree against another commit: the same bytes, and how long both take, by turns in one run.

`python -m tests.bench.paired COMMIT` unpacks the commit, gives it the files that measure, and
starts them on both trees. Exit status 1 if any cell's digest differs. With `--rows` every row of
the bench is measured by turns instead, room by room: the first figure of each is compared.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click

from tests.bench.__main__ import ROOMS, python

ROOT = Path(__file__).parents[2]
_FIGURE = re.compile(r"\d[\d,]*(\.\d+)?")
_OF_A_RUN = re.compile(r" \([^)]*\)")  # a figure within the name of a row


@click.command()
@click.argument("commit")
@click.option("--rounds", default=5, show_default=True, help="Pairs of timings; 0 for none.")
@click.option("--rows", is_flag=True, help="Pair the rows of the bench, compare no bytes.")
@click.option("--room", "rooms", type=click.Choice(ROOMS), multiple=True, help="Of these.")
def paired(commit: str, *, rounds: int, rows: bool, rooms: tuple[str, ...]) -> None:
    """Compare this tree with COMMIT."""
    with unpacked(commit) as old:
        if rows or rooms:
            click.echo(f"{python()}: this tree against {commit}, {rounds} pairs\n")
            for room in rooms or ROOMS:
                if lacks := _lacks(old, room):
                    click.echo(f"{room}: not to be compared, as {commit} ends with {lacks}")
                else:
                    _compare_rows(
                        [(figures(old, room), figures(ROOT, room)) for _ in range(rounds)]
                    )
            return
        was, now = digests(old), digests(ROOT)
        other = [cell for cell in was.keys() | now.keys() if was.get(cell) != now.get(cell)]
        click.echo(f"{len(now)} cells, {len(other)} with another digest")
        for cell in sorted(other):
            click.echo(f"  {cell}: {was.get(cell, 'not there')}, {now.get(cell, 'not there')}")
        times = [(seconds(old), seconds(ROOT)) for _ in range(rounds)]
    for what in times[0][0] if times else ():
        ratios = sorted(after[what] / before[what] for before, after in times)
        best = [1e6 * min(tree[what] for tree in trees) for trees in zip(*times, strict=True)]
        click.echo(
            f"{what}: {best[0]:.1f} us, now {best[1]:.1f} us; of {rounds} pairs"
            f" {median(ratios):.2f} times ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )
    sys.exit(bool(other))


@contextmanager
def unpacked(commit: str) -> Iterator[Path]:
    """Give a folder with the tree of a commit, in which this tree's files measure."""
    with TemporaryDirectory() as folder:
        archive = ["git", "archive", commit]
        with subprocess.Popen(archive, cwd=ROOT, stdout=subprocess.PIPE) as packed:
            subprocess.run(["tar", "-x", "-C", folder], stdin=packed.stdout, check=True)
        for path in (ROOT / "tests/bench").glob("*.py"):
            shutil.copy(path, Path(folder, "tests/bench"))
        yield Path(folder)


def figures(tree: Path, room: str) -> dict[str, float | None]:
    """Return the first figure of each row of a room on a tree, `None` for a row without one."""
    found: dict[str, float | None] = {}
    for line in run(tree, "__main__", "--room", room):
        what, measured = line.split("\t")
        figure = _FIGURE.search(measured)
        found[_OF_A_RUN.sub("", what)] = float(figure[0].replace(",", "")) if figure else None
    return found


def _lacks(tree: Path, room: str) -> str:
    """Return the last line of why a room cannot be measured on a tree, nothing if it can be."""
    try:
        run(tree, "__main__", "--quick", "--room", room)
    except subprocess.CalledProcessError as failed:
        return str(failed.stderr).rstrip().rpartition("\n")[2]
    return ""


def _compare_rows(pairs: Sequence[tuple[dict[str, float | None], dict[str, float | None]]]) -> None:
    for what in pairs[0][1]:
        known = [(was[what], now[what]) for was, now in pairs if was.get(what) and now.get(what)]
        if not known:
            click.echo(f"{what:<52} not to be compared")
            continue
        was, now = (median(each for each in side if each) for side in zip(*known, strict=True))
        ratios = sorted(after / before for before, after in known if before and after)
        spread = f"{median(ratios):.2f} times ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        click.echo(f"{what:<52} {was:>10g} now {now:>10g}   {spread}")
        sys.stdout.flush()


def run(tree: Path, name: str, *words: str) -> list[str]:
    """Return the lines that a measure prints on a tree."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{name}", *words], cwd=tree, text=True, check=True,
        capture_output=True, env={**os.environ, "PYTHONPATH": str(tree)},
    )  # fmt: skip
    return done.stdout.splitlines()


def digests(tree: Path) -> dict[str, str]:
    """Return the digest of each cell on a tree."""
    found = (line.split(" ", 1) for line in run(tree, "digest"))
    return {cell: digest for digest, cell in found}


def seconds(tree: Path) -> dict[str, float]:
    """Return the seconds of each poll on a tree, and of the floor."""
    found: dict[str, float] = {}
    for line in run(tree, "polls"):
        name, meter_s, floor_s = line.split()
        found |= {f"{name} poll": float(meter_s), f"{name} floor": float(floor_s)}
    return found


if __name__ == "__main__":
    paired()
