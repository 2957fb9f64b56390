"""Makes the kill matrix: `python -m tests.matrix` for every defect, or only for those named.

What is found goes into kill-matrix.json in docs/evidence/, and the page is written from it, both
when all is done. Rows of defects that are not named stay as they are, with their date.
"""

import sys
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any

import click

from meter_emu.defects import catalogue
from meter_emu.laws import laws
from tests.docs import evidence
from tests.interrupted import run_or_interrupted
from tests.matrix.cells import DECLARED_MAX, INFECTED_MAX, POLLS_MAX, row
from tests.matrix.children import in_children
from tests.matrix.page import PAGE, changes, killers, load, save, text


@click.command()
@click.argument("ids", nargs=-1, type=click.Choice(list(catalogue())), metavar="[ID]...")
@click.option("--stories", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--processor-s", type=click.IntRange(min=1), default=300, show_default=True)
def matrix(ids: tuple[str, ...], *, stories: int, seed: int, jobs: int, processor_s: int) -> None:
    """Ask every law of every defect. Exit status 1 if a defect survives them all."""
    began = monotonic()
    asked = ids or tuple(catalogue())
    click.echo(f"{len(asked)} defects")
    rows = {name: one for name, one in load()["rows"].items() if name in catalogue()}
    about = {"made": f"{datetime.now(UTC):%Y-%m-%d}", "stories": stories, "seed": seed}
    bounds = {
        "polls_max": POLLS_MAX, "infected_max": INFECTED_MAX, "declared_max": DECLARED_MAX,
    }  # fmt: skip
    what = partial(row, stories=stories, seed=seed)
    for count, done in enumerate(in_children(what, asked, jobs=jobs, processor_s=processor_s), 1):
        before = rows.get(done.item)
        rows[done.item] = done.result or _failed(done.item, done.failed or "")
        rows[done.item] |= {**about, "took_s": round(done.took_s)}
        killed = len(killers(rows[done.item]))
        click.echo(
            f"{count:>3} of {len(asked)}  {done.item:<32} {f'killed by {killed} laws':<20}"
            f"{done.took_s:>5.0f} s  ({monotonic() - began:.0f} s so far)"
        )
        for words in changes(before, rows[done.item]) if before else ():
            click.echo(f"{'':>12}{words}")
    save({**bounds, "rows": {name: rows[name] for name in catalogue() if name in rows}})
    PAGE.write_text(text(load()), "utf-8")
    evidence.write()
    sys.exit(any(not killers(one) for one in rows.values()))


def _failed(defect_id: str, word: str) -> dict[str, Any]:
    """Return the row of a defect of which the process crashed, or had to be ended."""
    asked = laws(catalogue()[defect_id].device)
    return {"cells": {law: {"word": word} for law in asked}, "checked": 0, "shown_by": None}


if __name__ == "__main__":
    run_or_interrupted(matrix)
