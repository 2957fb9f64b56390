"""What rounding costs, against every meter run unrounded: `python -m tests.planner.audited`.

The five figures are of the morning after T2 (supplied, disconnected by order, without credit) and
of the end (disconnected by order, without credit).
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from meter_emu.planner import classes
from meter_emu.planner.answer import PlanAnswer, answered, figures
from meter_emu.planner.classes import MeterEnd, Runner
from meter_emu.planner.decided import Audit
from meter_emu.planner.lives import Town
from meter_emu.planner.plan_file import load_plan
from meter_emu.planner.sheet import read_sheet
from tests.planner.sheets import town

SHEET, WHOLE, AUDITS = 53_000, 5_000, (300, 1_000)
DIFFERENT_MIN = 50_000  # lives of that sheet
OTHERWISE_MAX = 3  # of 300 audited


def town_of(folder: Path, count: int, more: str = "", **changes: object) -> Town:
    """Return an invented town."""
    path = town(folder, count, more, **changes)
    raw = load_plan(path)
    return Town(str(path), raw, read_sheet(path, raw))


def unrounded(answer: PlanAnswer) -> list[MeterEnd]:
    """Return what becomes of every meter of a plan, each run as it is."""
    runner = Runner(answer.runner.town, answer.plan, jobs=1)
    return runner.ends_of([runner.exact(answer.lives, at) for at in range(len(answer.rows))])


def otherwise(ends: Sequence[MeterEnd], exact: Sequence[MeterEnd]) -> tuple[int, int]:
    """Return how many meters their class says otherwise of: the morning after, and at the end."""
    pairs = list(zip(ends, exact, strict=True))
    morning = sum(one.morning is not other.morning for one, other in pairs)
    return morning, sum(one.end is not other.end for one, other in pairs)


def five_figures(ends: Sequence[MeterEnd]) -> tuple[Sequence[int], Sequence[int]]:
    """Return the figures of the morning after, and of the end."""
    morning = figures(ends, lambda end: end.morning)
    at_end = figures(ends, lambda end: end.end)
    return (
        (morning.supplied, morning.disconnected, morning.without_credit),
        (at_end.disconnected, at_end.without_credit),
    )


def within(answer: PlanAnswer, exact: Sequence[MeterEnd]) -> bool:
    """Whether each meter and each figure is within the bound that is printed."""
    bounds = answer.audit.at_most_morning, answer.audit.at_most_end
    wrong = otherwise(answer.ends, exact)
    rounded, true = five_figures(answer.ends), five_figures(exact)
    return all(
        meters <= bound and all(abs(a - b) <= bound for a, b in zip(some, others, strict=True))
        for meters, bound, some, others in zip(wrong, bounds, rounded, true, strict=True)
    )


def all_unrounded(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield what both plans of a small sheet say, each meter of it run unrounded too."""
    there = town_of(folder, WHOLE)
    for plan in there.raw.plan:
        answer = answered(Runner(there, plan, jobs=1), 3)
        exact, audit = unrounded(answer), answer.audit
        words = (
            f"{plan.name}, {WHOLE:,} meters in {answer.classes:,} lives: figures "
            f"{five_figures(answer.ends)}, unrounded {five_figures(exact)}; otherwise "
            f"{otherwise(answer.ends, exact)}, printed at most "
            f"{(audit.at_most_morning, audit.at_most_end)}"
        )
        yield words, within(answer, exact)


def audits(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield what audits of both sizes say of a large sheet, and how many lives differ in it."""
    there = town_of(folder, SHEET)
    for plan in there.raw.plan:
        answer = answered(Runner(there, plan, jobs=1), 3)
        lives = {answer.runner.exact(answer.lives, at) for at in range(SHEET)}
        words = f"{plan.name}, {SHEET:,} meters: {len(lives):,} different lives in "
        yield f"{words}{answer.classes:,} runs", len(lives) >= DIFFERENT_MIN
        for size in AUDITS:
            classes.AUDITED = size  # type: ignore[misc]
            audit = Audit(SHEET, *answer.runner.audited(answer.lives, answer.ends))
            words = (
                f"  of {audit.run:,} run unrounded {audit.otherwise_morning} came otherwise the "
                f"morning after and {audit.otherwise_end} at the end: of all at most "
                f"{audit.at_most_morning} and {audit.at_most_end}"
            )
            most = OTHERWISE_MAX * size // min(AUDITS)
            yield words, max(audit.otherwise_morning, audit.otherwise_end) <= most


def main() -> None:
    """Print each figure next to what is wanted; exit 1 where one is not met."""
    met = []
    with TemporaryDirectory() as folder:
        for words, good in chain(audits(Path(folder)), all_unrounded(Path(folder))):
            click.echo(words if good else f"{words}  NOT MET")
            met.append(good)
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
