"""Tries mutants: `python -m tests.mutants`, seeded samples of the program, office, formats, chips.

What is found goes into mutants.json in docs/evidence/, and the page is written from it, both when
all is done. An area that is not asked of stays as it was. After a law has become stronger,
`--survivors` asks again of those that none found.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from random import Random
from time import monotonic
from typing import Any

import click

from tests.docs import evidence
from tests.interrupted import run_or_interrupted
from tests.matrix.children import in_children
from tests.mutants.by_tests import TESTS
from tests.mutants.page import (
    BY_LAWS,
    BY_TESTS,
    PAGE,
    SAMPLES,
    STORIES,
    load,
    percent,
    reading,
    save,
    survivors,
    text,
)
from tests.mutants.sites import AREAS, mutants
from tests.mutants.trial import UNCHANGED, tried

_UNCHANGED_S = 600  # ours: a whole grid of tests, or all stories
_PROCESSOR_S = 90  # ours: whole grids take 20 to 30 s, laws of a survivor as long


@click.command()
@click.option("--area", "areas", multiple=True, type=click.Choice([*AREAS]), help="These alone.")
@click.option("--by", multiple=True, type=click.Choice([BY_LAWS, BY_TESTS]), help="This alone.")
@click.option("--sample", type=click.IntRange(min=1), help="So many of each; else what is shown.")
@click.option("--stories", type=click.IntRange(min=1), help="Of each way to draw one.")
@click.option("--seed", type=click.IntRange(min=0), help="Default: one that was not drawn last.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--survivors", "again", is_flag=True, help="Only those that nothing found before.")
@click.option("--write/--no-write", default=True, help="Whether data and page are written.")
def mutation(
    *,
    areas: Sequence[str],
    by: Sequence[str],
    sample: int | None,
    stories: int | None,
    seed: int | None,
    jobs: int,
    again: bool,
    write: bool,
) -> None:
    """Ask laws and tests of a sample of mutants. Exit status 1 if one is left that nobody read."""
    began, found = monotonic(), load()
    for area in areas or AREAS:
        drawn = seed_of(found.get(area), seed, again=again or bool(by))
        names = sampled(area, sample or SAMPLES[area], drawn)
        count_stories = stories or STORIES[area]
        click.echo(f"{len(names)} mutants of {area}, seed {drawn}")
        was: dict[str, Any] = found.get(area, {}).get("mutants", {}) if again or by else {}
        one: dict[str, dict[str, Any]] = {name: dict(was.get(name, {})) for name in names}
        for kind in by or ((BY_LAWS, BY_TESTS) if area in TESTS else (BY_LAWS,)):
            left = [name for name in names if again is False or not _found(one[name].get(kind))]
            what = partial(tried, area=area, by=kind, stories=count_stories, seed=drawn)
            first_without(what)
            places = [" ".join(map(str, mutants(area)[name].place)) for name in left]
            children = in_children(what, places, jobs=jobs, processor_s=_PROCESSOR_S)
            for count, (name, done) in enumerate(zip(left, children, strict=True), 1):
                how = done.result or {"failed": done.failed, "took_s": round(done.took_s)}
                one[name][kind] = how
                said = how.get("failed") or how.get("law") or "SURVIVED"
                click.echo(f"{count:>3} of {len(left)}  {area} by {kind}  {said:<28}  {name}")
            alive = survivors(one, kind)
            rate = percent(len(names) - len(alive), len(names))
            click.echo(f"{rate} of {len(mutants(area))} by {kind}")
            for name in alive:
                click.echo(f"survived, {': '.join(filter(None, reading(name)))}: {name}")
        found[area] = {
            "made": f"{datetime.now(UTC):%Y-%m-%d}",
            "stories": count_stories,
            "seed": drawn,
            "all": len(mutants(area)),
            "mutants": one,
        }
        if write:
            save(found)  # what is done is kept, whatever becomes of the next area
    click.echo(f"{monotonic() - began:.0f} s")
    if write:
        PAGE.write_text(text(found), "utf-8")
        evidence.write()
        sys.exit("nobody has read" in PAGE.read_text("utf-8"))


def first_without(what: Callable[[str], dict[str, Any]]) -> None:
    """Ask the unchanged program; exit if it is found or too slow, as every mutant would be too."""
    (done,) = in_children(what, [UNCHANGED], jobs=1, processor_s=_UNCHANGED_S)
    why = done.failed or done.result.get("failed") or done.result.get("law")
    if not why and done.result.get("took_s", 0) > _PROCESSOR_S / 2:
        sys.exit(
            f"the unchanged program takes {done.result['took_s']} s: what is as slow has ended"
        )
    if why:
        words = "" if done.result is None else done.result.get("words", "")
        sys.exit(f"the unchanged program is found by {why}: {words}")


def seed_of(last: Mapping[str, Any] | None, asked: int | None, *, again: bool) -> int:
    """Return the seed asked for; else the next after the last, or the last where it goes on."""
    if asked is not None:
        return asked
    if last is None:
        return 0
    return int(last["seed"]) + (not again)


def sampled(area: str, count: int, seed: int) -> list[str]:
    """Return a sample: what was in the last of this seed stays while its routine does."""
    last, every = load().get(area, {"seed": None, "mutants": {}}), mutants(area)
    kept = [name for name in last["mutants"] if name in every] if last["seed"] == seed else []
    others = [name for name in every if name not in kept]
    Random(seed).shuffle(others)
    return [*kept, *others][:count]


def _found(one: dict[str, Any] | None) -> bool:
    return one is not None and bool(one.get("law") or one.get("failed"))


if __name__ == "__main__":
    run_or_interrupted(mutation)
