"""Print the rows as they come: what, measured, target, and whether it is met."""

import os
import platform
import sys
import sysconfig
from collections.abc import Iterator
from time import perf_counter
from typing import Final

import click

from tests.bench import (
    cards,
    examples,
    explored,
    fleet,
    hosted,
    meters,
    pcsc,
    planner,
    polls,
    startup,
    timestamps,
    tokens,
)
from tests.bench.row import Row
from tests.interrupted import run_or_interrupted

ROOMS: Final = {
    "cards": cards.rows,
    "timestamps": timestamps.rows,
    "tokens": tokens.rows,
    "pcsc": pcsc.rows,
    "meters": meters.rows,
    "fleet": fleet.rows,
    "polls": polls.rows,
    "examples": examples.rows,
    "explored": explored.rows,
    "hosted": hosted.rows,
    "planner": planner.rows,
    "startup": startup.rows,
}


@click.command()
@click.option("--quick", is_flag=True, help="Tiny counts: shows that it runs, measures nothing.")
@click.option("--room", type=click.Choice(tuple(ROOMS)), help="One, its rows for a program.")
def bench(*, quick: bool, room: str | None) -> None:
    """Measure, each row with its target next to it. Exit status 0 whatever the rows say."""
    if room is not None:
        for row in ROOMS[room](quick=quick):
            click.echo(f"{row.what}\t{row.measured}")
        return
    began = perf_counter()
    click.echo(
        f"{python()}, {os.cpu_count()} cores{', quick: figures mean nothing' if quick else ''}\n"
    )
    _line("what", "measured", "target", "")
    for row in _rows(quick=quick):
        said = {True: "met", False: "NOT MET", None: ""}[row.met]
        _line(row.what, row.measured, row.target, said)
    click.echo(f"\n{perf_counter() - began:.0f} s in all; times are best of some, on this machine")


def python() -> str:
    """Return the interpreter, and how it was built: a build with PGO is a third faster."""
    options = str(sysconfig.get_config_var("CONFIG_ARGS"))
    pgo = "with PGO" if "--enable-optimizations" in options else "no PGO named by its build"
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {pgo},"
        f" {platform.python_compiler()}"
    )


def _rows(*, quick: bool) -> Iterator[Row]:
    for room in ROOMS.values():
        yield from room(quick=quick)


def _line(what: str, measured: str, target: str, said: str) -> None:
    click.echo(f"{what:<52} {measured:<30} {target:<16} {said}".rstrip())
    sys.stdout.flush()


if __name__ == "__main__":
    run_or_interrupted(bench)
