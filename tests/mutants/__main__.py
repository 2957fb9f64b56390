"""Tries mutants of the reference: `python -m tests.mutants`, a seeded sample of 300.

What is found goes into mutants.json in docs/evidence/, and the page is written from it, both when
all is done. After a law has become stronger, `--survivors` asks again of those that none found.
"""

import sys
from functools import partial
from random import Random
from time import monotonic
from typing import Any

import click

from tests.docs import evidence
from tests.matrix.children import in_children
from tests.mutants.page import PAGE, load, save, survivors, text
from tests.mutants.sites import mutants
from tests.mutants.trial import tried

_DEADLINE_S = 300  # ours: a mutant that takes longer hangs, or the machine does


@click.command()
@click.option("--sample", type=click.IntRange(min=1), default=300, show_default=True)
@click.option("--stories", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--area", type=click.Choice(["office", "chips"]), help="Of these; writes nothing.")
@click.option("--survivors", "again", is_flag=True, help="Only those that no law found before.")
def mutation(
    *, sample: int, stories: int, seed: int, jobs: int, area: str | None, again: bool
) -> None:
    """Ask the laws of a sample of mutants. Exit status 1 if one is left that nobody has read."""
    began = monotonic()
    if area is not None:
        chosen = list(mutants(area))
        Random(seed).shuffle(chosen)
        chosen = chosen[:sample]
    else:
        chosen = sampled(sample, seed)
    known: dict[str, Any] = load()["mutants"] if again else {}
    left = [name for name in chosen if name not in known or name in survivors({"mutants": known})]
    what = partial(tried, stories=stories, seed=seed)
    for count, done in enumerate(in_children(what, left, jobs=jobs, deadline_s=_DEADLINE_S), 1):
        known[done.item] = done.result or {"failed": done.failed, "took_s": round(done.took_s)}
        one = known[done.item]
        said = one.get("failed") or one.get("law") or "SURVIVED"
        click.echo(f"{count:>3} of {len(left)}  {said:<24} {one['took_s']:>5} s  {done.item}")
    click.echo(f"{monotonic() - began:.0f} s")
    if area is not None:
        found_by = sum(bool(one.get("law") or one.get("failed")) for one in known.values())
        click.echo(f"{found_by} of {len(chosen)} of {len(mutants(area))} in {area}")
        return
    found = {name: known[name] for name in chosen}
    save({"stories": stories, "seed": seed, "all": len(mutants()), "mutants": found})
    PAGE.write_text(text(load()), "utf-8")
    evidence.write()
    sys.exit("nobody has read" in PAGE.read_text("utf-8"))


def sampled(count: int, seed: int) -> list[str]:
    """Return a sample: what was in the last of this seed stays while its routine does."""
    last = load()
    kept = [name for name in last["mutants"] if name in mutants()] if last["seed"] == seed else []
    others = [name for name in mutants() if name not in kept]
    Random(seed).shuffle(others)
    return [*kept, *others][:count]


if __name__ == "__main__":
    mutation()
