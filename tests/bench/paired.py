"""This tree against another commit: the same bytes, and how long both take, by turns in one run.

`python -m tests.bench.paired COMMIT` unpacks the commit, gives it the two files that measure, and
starts them on both trees. Exit status 1 if any cell's digest differs.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click

ROOT = Path(__file__).parents[2]
MEASURES = ("digest", "polls", "floor", "row")


@click.command()
@click.argument("commit")
@click.option("--rounds", default=5, show_default=True, help="Pairs of timings; 0 for none.")
def paired(commit: str, *, rounds: int) -> None:
    """Compare this tree with COMMIT."""
    with TemporaryDirectory() as folder:
        old = Path(folder)
        archive = ["git", "archive", commit]
        with subprocess.Popen(archive, cwd=ROOT, stdout=subprocess.PIPE) as packed:
            subprocess.run(["tar", "-x", "-C", folder], stdin=packed.stdout, check=True)
        for name in MEASURES:
            shutil.copy(ROOT / "tests/bench" / f"{name}.py", old / "tests/bench" / f"{name}.py")
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


def run(tree: Path, name: str) -> list[str]:
    """Return the lines that a measure prints on a tree."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{name}"], cwd=tree, text=True, check=True,
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(tree)},
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
