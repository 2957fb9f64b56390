"""The whole fleet for real: `python -m tests.bench.fleet`. Ten minutes, so not part of `make bench`.

Runs the command itself, on the built-in fleet and on the same kinds in smaller numbers, each in a
process of its own, and prints how long it took and how much memory its largest process ever had.
There is one process that leads, one for each job, and one of Python's own that tracks them.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import click

from meter_emu.resources import find

FLEET: Final = 53_579
SIZES: Final = (1_000, 10_000, FLEET)
_MIB: Final = 1024 * 1024
_COUNT: Final = re.compile(r"^count = ([\d_]+)$", re.MULTILINE)
# Started afresh, so that the peak is of this run alone; prints it in KiB, as Linux counts.
_RUN: Final = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@click.command()
@click.option("--meters", type=int, multiple=True, default=SIZES, help="How many; may repeat.")
@click.option("--jobs", type=int, default=os.cpu_count(), help="Worker processes.")
def fleet(*, meters: tuple[int, ...], jobs: int) -> None:
    """Run the fleet in each size and print time and peak memory."""
    with TemporaryDirectory() as folder:
        for count in meters:
            path = scaled(Path(folder), count)
            out = Path(folder) / "out.json"
            began = perf_counter()
            status, peak_bytes = run(path, "--jobs", str(jobs), "--json", str(out))
            took_s = perf_counter() - began
            click.echo(
                f"{count:>8,} meters  {jobs} jobs  {took_s:7.1f} s  {1000 * took_s / count:5.1f} ms each"
                f"  {peak_bytes / _MIB:6.1f} MiB in the largest process"
                f"  {out.stat().st_size / _MIB:5.1f} MiB of JSON  exit status {status}"
            )
            sys.stdout.flush()


def scaled(folder: Path, meters: int) -> Path:
    """Return the fleet's campaign with about as many meters, each kind in its proportion."""
    text = find("campaigns", "ores-fleet").read_text("utf-8")

    def count(found: re.Match[str]) -> str:
        return f"count = {max(1, round(int(found[1]) * meters / FLEET))}"

    path = folder / f"fleet-{meters}.toml"
    path.write_text(_COUNT.sub(count, text), "utf-8")
    return path


def run(campaign: Path, *options: str) -> tuple[int, int]:
    """Rehearse a campaign; return the exit status and the peak of the largest process in bytes."""
    command = [sys.executable, "-m", "meter_emu", "rehearse", str(campaign), *options]
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *command], stdout=subprocess.PIPE, text=True, check=True
    )
    status, peak_kib = done.stdout.split()
    return int(status), int(peak_kib) * 1024


if __name__ == "__main__":
    fleet()
