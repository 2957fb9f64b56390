"""Print the rows as they come: what, measured, target, and whether it is met."""

import os
import platform
import sys
from collections.abc import Iterator
from time import perf_counter
from typing import Final

import click

from tests.bench import cards, hosted, meters, pcsc, startup, timestamps, tokens
from tests.bench.row import Row

ROOMS: Final = (
    cards.rows,
    timestamps.rows,
    tokens.rows,
    pcsc.rows,
    meters.rows,
    hosted.rows,
    startup.rows,
)


@click.command()
@click.option("--quick", is_flag=True, help="Tiny counts: shows that it runs, measures nothing.")
def bench(*, quick: bool) -> None:
    """Measure, each row with its target next to it. Exit status 0 whatever the rows say."""
    began = perf_counter()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    click.echo(
        f"{python}, {os.cpu_count()} cores{', quick: figures mean nothing' if quick else ''}\n"
    )
    _line("what", "measured", "target", "")
    for row in _rows(quick=quick):
        said = {True: "met", False: "NOT MET", None: ""}[row.met]
        _line(row.what, row.measured, row.target, said)
    click.echo(f"\n{perf_counter() - began:.0f} s in all; times are best of some, on this machine")


def _rows(*, quick: bool) -> Iterator[Row]:
    for room in ROOMS:
        yield from room(quick=quick)


def _line(what: str, measured: str, target: str, said: str) -> None:
    click.echo(f"{what:<52} {measured:<30} {target:<16} {said}".rstrip())
    sys.stdout.flush()


if __name__ == "__main__":
    bench()
