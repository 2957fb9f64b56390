"""A plan of 53,000 meters: its sheet, one plan, two plans with all what-ifs, in homes lived."""

import resource
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

from meter_emu.planner.answer import WhatIfs, answered, compared_plans
from meter_emu.planner.classes import Runner
from meter_emu.planner.lives import PlanLives, Town
from meter_emu.planner.plan_file import load_plan
from meter_emu.planner.sheet import read_sheet
from tests.bench.row import Row
from tests.planner.boards import WHAT_IF
from tests.planner.sheets import town

METERS: Final = 53_000
SEEDS: Final = 5
HOMES: Final = 50  # lived one by one, as the measure
CHECK_MAX, PLAN_MAX, ALL_MAX = 150, 2_500, 20_000  # homes
MEMORY_MAX_MB: Final = 500


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the rows: each is what so many homes cost that are lived one by one."""
    count = 20 if quick else METERS
    with TemporaryDirectory() as folder:
        path = town(Path(folder), count, WHAT_IF)
        raw = load_plan(path)
        began = process_time()
        there = Town(str(path), raw, read_sheet(path, raw))
        check_s = process_time() - began
        first, second = raw.plan
        runner = Runner(there, first, jobs=1)
        began = process_time()
        answers = [answered(runner, SEEDS)]
        plan_s = process_time() - began
        home_s = _home_s(runner, answers[0].lives)
        began = process_time()
        answers.append(answered(Runner(there, second, jobs=1), SEEDS))
        compared_plans(*answers)
        list(WhatIfs(answers[1]).tried())
        all_s = plan_s + process_time() - began
    name = f"a plan of {count:,} meters"
    for what, took_s, most in (
        (f"{name}: its sheet checked", check_s, CHECK_MAX),
        (f"{name}: {answers[0].classes:,} lives, the answer", plan_s, PLAN_MAX),
        (f"{name}: two plans, all what-ifs", all_s, ALL_MAX),
    ):
        homes = took_s / home_s
        measured = f"{homes:,.0f} homes ({took_s:.1f} s)"
        yield Row(what=what, measured=measured, target=f"<= {most:,} homes", met=homes <= most)
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Row(
        what=f"{name}: memory",
        measured=f"{memory_mb:.0f} MB",
        target=f"<= {MEMORY_MAX_MB} MB",
        met=memory_mb <= MEMORY_MAX_MB,
    )


def _home_s(runner: Runner, lives: PlanLives) -> float:
    """Return what one home costs, unrounded, in processor seconds."""
    homes = [runner.exact(lives, place) for place in range(min(HOMES, len(lives.visits)))]
    fresh = Runner(runner.town, runner.plan, jobs=1)
    began = process_time()
    fresh.ends_of(homes)
    return (process_time() - began) / len(homes)
