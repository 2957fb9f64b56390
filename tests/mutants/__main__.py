"""Tries mutants of the reference: `python -m tests.mutants`, a seeded sample of 300.

What is found goes into docs/mutants.json as it comes, so that a run that was ended goes on where it
was; docs/mutants.md is written from it.
"""

import sys
from functools import partial
from random import Random
from time import monotonic
from typing import Any

import click

from tests.matrix.children import in_children
from tests.mutants.page import PAGE, load, reading, save, survivors, text
from tests.mutants.read import EQUIVALENT
from tests.mutants.sites import mutants
from tests.mutants.trial import tried

_DEADLINE_S = 300  # ours: a mutant that takes longer hangs, or the machine does


@click.command()
@click.option("--sample", type=click.IntRange(min=1), default=300, show_default=True)
@click.option("--stories", type=click.IntRange(min=1), default=40, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True)
@click.option(
    "--further", is_flag=True, help="Go on with those that no law found, unless the same."
)
def mutation(*, sample: int, stories: int, seed: int, jobs: int, further: bool) -> None:
    """Ask the laws of a sample of mutants. Exit status 1 if one is left that nobody has read."""
    began = monotonic()
    chosen = Random(seed).sample(list(mutants()), sample)  # the first of a larger sample are these
    known: dict[str, Any] = {name: one for name, one in load()["mutants"].items() if name in chosen}
    left = [name for name in chosen if name not in known]
    what = partial(tried, stories=stories, seed=seed)
    if further:
        left = [name for name in survivors(load()) if reading(name)[0] != EQUIVALENT]
        what = partial(what, first=load()["stories"])
    for count, done in enumerate(in_children(what, left, jobs=jobs, deadline_s=_DEADLINE_S), 1):
        known[done.item] = done.result or {"failed": done.failed, "took_s": round(done.took_s)}
        one = known[done.item]
        said = one.get("failed") or one.get("law") or "SURVIVED"
        click.echo(f"{count:>3} of {len(left)}  {said:<24} {one['took_s']:>5} s  {done.item}")
        found = {name: known[name] for name in chosen if name in known}
        save({"stories": stories, "seed": seed, "all": len(mutants()), "mutants": found})
    click.echo(f"{monotonic() - began:.0f} s")
    PAGE.write_text(text(load()), "utf-8")
    sys.exit("nobody has read" in PAGE.read_text("utf-8"))


if __name__ == "__main__":
    mutation()
