"""The same fleet on each engine: the same outcomes, and what a cluster costs over the pool.

`python -m tests.bench.spread` rehearses the fleet, in smaller numbers if so asked, in one process,
in two, on a cluster of this machine, and on a scheduler whose workers change: one is killed with
SIGKILL half-way, one joins then. Every run is a process of its own; its processor time is that of
all processes that it started. Start-up is what a run of one household of each kind takes.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from hashlib import sha256
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import click
import msgspec

from meter_emu import Campaign
from meter_emu.workers.cluster import cluster
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.fleet import rehearse_all
from tests.bench.fleet import FLEET, scaled

ROOT = Path(__file__).parents[2]
OVERHEAD_MAX = 1.15
PAIR_METERS = 2_000  # ours: half a minute of a processor
ENGINES = ("jobs 1", "jobs 2", "cluster local:2", "cluster of workers that change")
_LOCAL = "cluster local:2"


class Ran(NamedTuple):
    """The digest of a run's outcomes, and its processor time."""

    digest: str
    cpu_s: float


@click.command()
@click.option("--meters", default=FLEET, show_default=True, help="How many households.")
@click.option("--pairs", default=5, show_default=True, help="Of pool and cluster; 0 for none.")
@click.option("--on", type=click.Choice(ENGINES), help="Run one, and print its digest.")
def spread(*, meters: int, pairs: int, on: str | None) -> None:
    """Compare the engines. Exit status 1 if outcomes differ."""
    with TemporaryDirectory() as folder:
        if on is not None:
            click.echo(outcomes(load_campaign(scaled(Path(folder), meters)), on))
            return
        found = []
        for engine in ENGINES:
            found.append(run(engine, meters))
            click.echo(f"{engine:<32} {found[-1].digest[:16]} {found[-1].cpu_s:8.1f} s")
        if pairs:
            _compare(min(meters, PAIR_METERS), pairs)
    sys.exit(len({one.digest for one in found}) > 1)


def _compare(meters: int, pairs: int) -> None:
    """Print what the cluster takes for what the pool takes, start-up apart."""
    pool, there = (median(run(one, 1).cpu_s for _ in range(3)) for one in ("jobs 2", _LOCAL))
    click.echo(f"start-up: pool {pool:.1f} s, cluster {there:.1f} s")
    ratios = []
    for _ in range(pairs):
        ours, its = run("jobs 2", meters).cpu_s - pool, run(_LOCAL, meters).cpu_s - there
        ratios.append(its / ours)
        click.echo(f"pool {ours:.1f} s, cluster {its:.1f} s: {its / ours:.3f}")
    middle = median(ratios)
    met = "met" if middle <= OVERHEAD_MAX else "NOT MET"
    click.echo(f"median {middle:.3f}, at most {OVERHEAD_MAX}: {met}")


def run(engine: str, meters: int) -> Ran:
    """Run one engine in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.spread", "--on", engine, "--meters", str(meters)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        digest = process.stdout.read().strip()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, engine
    return Ran(digest, used.ru_utime + used.ru_stime)


def outcomes(campaign: Campaign, engine: str) -> str:
    """Return the digest of every household's outcome, in the campaign's order."""
    found, count = sha256(), 0
    with ExitStack() as stack:
        address, change = "", _nothing
        if engine == _LOCAL:
            address = "local:2"
        elif engine == ENGINES[-1]:
            address, change = stack.enter_context(workers_that_change())
        there = stack.enter_context(cluster(address)) if address else None
        jobs = 1 if engine == "jobs 1" else 2
        runs = stack.enter_context(
            closing(rehearse_all(campaign, jobs=jobs, events=False, cluster=there))
        )
        for one in runs:
            found.update(msgspec.json.encode((one.household.id, one.outcome)))
            count += 1
            if count == (len(campaign.households) + 1) // 2:
                change()
    assert count == len(campaign.households), "each household once"
    return found.hexdigest()


@contextmanager
def workers_that_change() -> Iterator[tuple[str, Callable[[], None]]]:
    """Give a scheduler's address with two workers, and what kills one and lets another join."""
    with ExitStack() as stack:
        scheduler = stack.enter_context(
            _dask("scheduler", "--port", "0", "--no-dashboard", heard=subprocess.PIPE)
        )
        assert scheduler.stderr is not None
        address = next(line.split()[-1] for line in scheduler.stderr if "Scheduler at:" in line)
        work = ("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
        first = stack.enter_context(_dask(*work))
        stack.enter_context(_dask(*work))

        def change() -> None:
            first.send_signal(signal.SIGKILL)
            stack.enter_context(_dask(*work))

        yield address, change
        assert first.wait() == -signal.SIGKILL, "it was killed, and not ended"


@contextmanager
def _dask(*words: str, heard: int = subprocess.DEVNULL) -> Iterator["subprocess.Popen[str]"]:
    env = {
        **os.environ,
        "DASK_DISTRIBUTED__WORKER__DAEMON": "False",
        "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    }
    command = [sys.executable, "-m", "dask", *words]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=heard, text=True, env=env
    ) as process:
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def _nothing() -> None:
    """Change nothing."""


if __name__ == "__main__":
    spread()
