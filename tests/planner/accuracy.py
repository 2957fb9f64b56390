"""Whether an interval holds what it should: `python -m tests.planner.accuracy`, some minutes.

Two hundred small plans, each a district with its sheet and its office, are drawn with two hundred
seeds: that is the truth of which five seeds are to have the mean within their interval. Pairs of
plans of which none is better are to be not decided, and pairs that differ by a twentieth of all
homes are to be decided.
"""

import csv
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from random import Random
from statistics import fmean
from tempfile import TemporaryDirectory

import click

from meter_emu.planner.answer import answered, coming, compared_plans
from meter_emu.planner.classes import Runner
from meter_emu.planner.decided import Criterion, figure
from meter_emu.planner.lives import Town
from meter_emu.planner.plan_file import load_plan
from meter_emu.planner.sheet import read_sheet
from tests.planner.sheets import HEADINGS, PLAN, rows_of

PLANS, HOMES, SEEDS, FEW = 200, 60, 200, 5
PAIRS, PAIR_HOMES = 20, 600
SHARE = 0.05  # of homes, by which plans differ
HOURS = "Fr 09:00-12:00; PH off"
DISTRICT = 4  # the column


def town_of(
    folder: Path, districts: Sequence[Sequence[Sequence[str]]], rates: Sequence[int]
) -> Town:
    """Return a town, each district with its rows and with its office's rate."""
    rows = [
        [f"54{number:04}{at:06}", *row[1:DISTRICT], f"D{number}", row[DISTRICT + 1]]
        for number, some in enumerate(districts)
        for at, row in enumerate(some)
    ]
    with (folder / "meters.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([HEADINGS, *rows])
    offices = "".join(
        f"[office.district.D{number}]\nvisits_per_hour = {rate}\n"
        for number, rate in enumerate(rates)
    )
    text = PLAN.format(file="meters.csv", per_hour=1, north=1)
    head, _, rest = text.partition("[office]\n")
    behaviour = rest.partition("[behaviour]")[2]
    office = f'[office]\nhours = "{HOURS}"\nvisits_per_hour = 1\n{offices}'
    (folder / "plan.toml").write_text(f"{head}{office}[behaviour]{behaviour}", "utf-8")
    raw = load_plan(folder / "plan.toml")
    return Town(str(folder / "plan.toml"), raw, read_sheet(folder / "plan.toml", raw))


def held(folder: Path, plans: int, homes: int, seeds: int) -> Iterator[tuple[str, bool]]:
    """Yield for each criterion how often the interval of a few seeds holds the mean of all."""
    chance = Random(7)
    rates = [chance.choice([1, 2, 3, 5, 8]) for _ in range(plans)]
    there = town_of(folder, [rows_of(homes, seed) for seed in range(1, plans + 1)], rates)
    runner = Runner(there, there.raw.plan[1], jobs=1)
    counts: dict[Criterion, list[list[int]]] = {
        one: [[] for _ in range(plans)] for one in Criterion
    }
    for seed in range(1, seeds + 1):
        lives = there.lives(runner.plan, seed=seed)
        ends = runner.ends(lives)
        for number in range(plans):
            own = ends[number * homes : (number + 1) * homes]
            for one in Criterion:
                is_seen = one is Criterion.TURNED_AWAY
                found = lives.not_served[f"D{number}"] if is_seen else sum(map(one.is_met, own))
                counts[one][number].append(found)
    for one, of_plans in counts.items():
        inside = 0
        for drawn in of_plans:
            one_figure = figure(drawn[:FEW], [], 0)
            inside += one_figure.low <= fmean(drawn) <= one_figure.high
        words = (
            f"{one.value}: {inside} of {plans} intervals of {FEW} seeds hold the mean of {seeds}"
        )
        yield words, 0.85 * plans <= inside <= 0.95 * plans


def pairs(folder: Path, number: int, kind: str, share: float) -> Counter[str | None]:
    """Return what is decided of one pair of plans, by plan."""
    half = rows_of(PAIR_HOMES // 2, 1_000 + number)
    one = another = town_of(folder, [half, half], [3, 9])
    if kind == "another order of offices":
        another = town_of(folder, [half, half], [9, 3])
    answers = [answered(Runner(one, one.raw.plan[1], jobs=1), FEW)]
    if kind == "drawn anew":
        another.raw.seed += FEW
        another = Town(another.path, another.raw, another.sheet)
    elif kind == "fewer come":
        another.raw.behaviour = coming(another.raw.behaviour, share)
    second = another.raw.plan[1]
    second.name = "C"
    answers.append(answered(Runner(another, second, jobs=1), FEW))
    found = compared_plans(*answers)
    return Counter(found.better(each) for each in Criterion)


def decided(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield how many pairs are decided, of which none or a twentieth of the homes differ."""
    for kind in ("another order of offices", "drawn anew"):
        found = [pairs(folder, at, kind, 0) for at in range(PAIRS)]
        open_pairs = sum(one[None] == len(Criterion) for one in found)
        yield f"{kind}: {open_pairs} of {PAIRS} pairs not decided", open_pairs >= PAIRS - 1
    share = share_for(folder)
    found = [pairs(folder, at, "fewer come", share) for at in range(PAIRS)]
    right = sum(one["B"] > 0 and not one["C"] for one in found)
    yield f"{SHARE:.0%} of homes: {right} of {PAIRS} pairs decided", right >= PAIRS - 2


def share_for(folder: Path) -> float:
    """Return the share that comes where a twentieth of the homes more are disconnected."""
    half = rows_of(PAIR_HOMES, 999)
    there, cut = town_of(folder, [half, half], [3, 9]), list[float]()
    whole = there.raw.behaviour.comes[-1][1]
    for share in (whole, whole / 2):
        there.raw.behaviour = coming(there.raw.behaviour, share)
        answer = answered(Runner(there, there.raw.plan[1], jobs=1), FEW)
        cut.append(answer.figure(Criterion.DISCONNECTED).mean)
    return whole - SHARE * 2 * PAIR_HOMES * (whole / 2) / (cut[1] - cut[0])


def main() -> None:
    """Print each figure; exit 1 where one is not what it should be."""
    met = []
    with TemporaryDirectory() as folder:
        place = Path(folder)
        for words, good in chain(held(place, PLANS, HOMES, SEEDS), decided(place)):
            click.echo(words if good else f"{words}  NOT MET")
            met.append(good)
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
