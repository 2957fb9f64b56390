"""The whole fleet for real: `python -m tests.bench.fleet`, minutes long; `make bench` has a part.

Runs the command itself, on the built-in fleet and on the same kinds in smaller numbers, each in a
process of its own, and prints how long it took, how much processor time it used, and how much
memory its largest process ever had. Processor time over cores is what an idle machine would need.
There is one process that leads, one for each job, and one of Python's own that tracks them.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final, NamedTuple

import click

from meter_emu.resources import find
from tests.bench.row import Row

OF_THE_BENCH: Final = 2_000
FLEET: Final = 53_579
SIZES: Final = (1_000, 10_000, FLEET)
_MIB: Final = 1024 * 1024
_COUNT: Final = re.compile(r"^count = ([\d_]+)$", re.MULTILINE)
# Started afresh, so that the peak is of this run alone; prints it in KiB, as Linux counts.
_RUN: Final = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
if done.returncode not in (0, 1):
    sys.stderr.write(done.stderr)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.returncode, used.ru_maxrss, used.ru_utime + used.ru_stime)
"""


@click.command()
@click.option("--meters", type=int, multiple=True, default=SIZES, help="How many; may repeat.")
@click.option("--jobs", type=int, default=os.cpu_count(), help="Worker processes.")
def fleet(*, meters: tuple[int, ...], jobs: int) -> None:
    """Run the fleet in each size and print time and peak memory."""
    with TemporaryDirectory() as folder:
        for count in meters:
            path, out = scaled(Path(folder), count), Path(folder) / "out.json"
            began = perf_counter()
            used = run("-m", "meter_emu", "rehearse", path, "--jobs", jobs, "--json", out)
            took_s = perf_counter() - began
            click.echo(
                f"{count:>8,} meters, {jobs} jobs: {took_s:.0f} s, processors {used.cpu_s:.0f} s"
                f" ({1000 * used.cpu_s / count:.1f} ms a meter),"
                f" largest process {used.peak_bytes / _MIB:.1f} MiB, exit status {used.status}"
            )
            sys.stdout.flush()


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the memory of a part of the fleet; that of all is within a MiB of it."""
    with TemporaryDirectory() as folder:
        path, out = scaled(Path(folder), 20 if quick else OF_THE_BENCH), Path(folder) / "out.json"
        used = run("-m", "meter_emu", "rehearse", path, "--jobs", 2, "--json", out)
    peak_mib = used.peak_bytes / _MIB
    yield Row(
        what=f"  {OF_THE_BENCH:,} of them for real: largest process",
        measured=f"{peak_mib:.0f} MiB ({used.cpu_s:.0f} s of processor)",
    )


class Used(NamedTuple):
    """How a command ended and what it used; the peak is of the largest process among its own."""

    status: int
    peak_bytes: int
    cpu_s: float


def scaled(folder: Path, meters: int) -> Path:
    """Return the fleet's campaign with about as many meters, each kind in its proportion."""
    text = find("campaigns", "ores-fleet").read_text("utf-8")

    def count(found: re.Match[str]) -> str:
        return f"count = {max(1, round(int(found[1]) * meters / FLEET))}"

    path = folder / f"fleet-{meters}.toml"
    path.write_text(_COUNT.sub(count, text), "utf-8")
    return path


def run(*python: object) -> Used:
    """Run this Python with arguments, output dropped."""
    command = [sys.executable, "-c", _RUN, sys.executable, *map(str, python)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    status, peak_kib, cpu_s = done.stdout.split()
    return Used(int(status), int(peak_kib) * 1024, float(cpu_s))


if __name__ == "__main__":
    fleet()
