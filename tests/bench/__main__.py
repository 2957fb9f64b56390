"""Print the rows as they come: what, measured, target, and whether it is met."""

import os
import platform
import sys
import sysconfig
from collections.abc import Iterator
from importlib import import_module
from time import perf_counter
from typing import Final

import click

from tests.bench.row import Row
from tests.interrupted import run_or_interrupted

ROOMS: Final = (
    "cards",
    "timestamps",
    "tokens",
    "pcsc",
    "meters",
    "wakes",
    "fleet",
    "polls",
    "commands",
    "hosted",
    "planner",
    "startup",
    "cost",
)


@click.command()
@click.option("--quick", is_flag=True, help="Tiny counts: shows that it runs, measures nothing.")
@click.option("--room", type=click.Choice(ROOMS), help="One, its rows for a program.")
def bench(*, quick: bool, room: str | None) -> None:
    """Measure, each row with its target next to it. Exit status 1 if one is not met."""
    if room is not None:
        for row in _of_room(room, quick=quick):
            click.echo(f"{row.what}\t{row.measured}")
        return
    began = perf_counter()
    click.echo(
        f"{python()}, {os.cpu_count()} cores{', quick: figures mean nothing' if quick else ''}\n"
    )
    red = False
    _line("what", "measured", "target", "")
    for row in _rows(quick=quick):
        red |= row.met is False and not quick
        said = {True: "met", False: "NOT MET", None: ""}[row.met]
        _line(row.what, row.measured, row.target, said)
    click.echo(f"\n{perf_counter() - began:.0f} s in all; times are best of some, on this machine")
    sys.exit(red)


def python() -> str:
    """Return the interpreter, and how it was built: a build with PGO is a third faster."""
    options = str(sysconfig.get_config_var("CONFIG_ARGS"))
    pgo = "with PGO" if "--enable-optimizations" in options else "no PGO named by its build"
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {pgo},"
        f" {platform.python_compiler()}"
    )


def _rows(*, quick: bool) -> Iterator[Row]:
    for room in ROOMS:
        yield from _of_room(room, quick=quick)


def _of_room(name: str, *, quick: bool) -> Iterator[Row]:
    # One room alone is imported: an older tree, measured with these files, may lack what another
    # room is about.
    room: Iterator[Row] = import_module(f"tests.bench.{name}").rows(quick=quick)
    return room


def _line(what: str, measured: str, target: str, said: str) -> None:
    click.echo(f"{what:<52} {measured:<30} {target:<16} {said}".rstrip())
    sys.stdout.flush()


if __name__ == "__main__":
    run_or_interrupted(bench)
