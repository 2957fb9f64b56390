"""A page for a board of tests: a small town with two plans and all that a page can have."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from meter_emu.planner.answer import PlanResult, answered, plan_result
from meter_emu.planner.board import board
from meter_emu.planner.classes import Runner
from meter_emu.planner.lives import Town
from meter_emu.planner.plan_file import load_plan
from meter_emu.planner.sheet import read_sheet
from tests.cells import few
from tests.planner.sheets import town

WHAT_IF = """
[what_if]
comes_total = [0.5, 1.0]
comes_later_days = [3, -3]
visits_per_hour_times = [0.5, 2.0]
rare_comes = [0.0, 1.0]
gives_up = [0.9, 0.0]
lost_card = [0.2, 0.0]
inserts_next_day = [0.9, 0.0]
late_comes = [0.0, 1.0]
"""


def board_page() -> str:
    """Return the page of that town, in the language of now."""
    return board(board_result())


@cache
def board_result() -> PlanResult:
    """Return what is found about a town whose offices are too small."""
    with TemporaryDirectory() as folder:
        path = town(Path(folder), few(60, short=30), WHAT_IF, per_hour=1, north=1)
        text = path.read_text("utf-8").replace("09:00-16:30; Sa 09:00-12:00", "09:00-10:00")
        text = text.replace("seed = 1", "seed = 1\nat_most_cut = 5")
        path.write_text(text, "utf-8")
        raw = load_plan(path)
        there = Town(str(path), raw, read_sheet(path, raw))
        answers = [answered(Runner(there, one, jobs=1), 3) for one in raw.plan]
        return plan_result(answers, what_if=True)
