"""A planner's walk: from a sheet in their words, over its check, to the decision on one screen."""

import re
import textwrap

import pytest

from meter_emu.languages.tables import SPOKEN
from tests.cells import each_cell
from tests.planner.sheets import WORDS, in_words_of, town
from tests.planner.test_plan import emu

PROGRAMMING = r"toml|json|schema|exception|traceback|none|null|\[\w+\]|stdout|default|\.py"


def first_screen(text: str) -> str:
    """Return what a terminal of 24 lines and 80 columns has of it, as one line."""
    rows = [row for line in text.splitlines() for row in textwrap.wrap(line, 80) or [""]]
    return " ".join(rows[:24])


@pytest.mark.slow("runs two plans")
@each_cell("code", SPOKEN, short=1)
def test_from_a_sheet_to_a_decision(tmp_path_factory, code):
    plan = town(tmp_path_factory.mktemp(code), 24)
    in_words_of(code, plan)
    status, checked, _ = emu("plan", "check", str(plan), "--language", code)
    assert status == 0
    assert WORDS[code][0] in checked, "which column was taken for what"
    result = plan.with_name("result.csv")
    status, answer, _ = emu(
        "plan", "run", str(plan), "--report", str(plan.parent), "--sheet", str(result),
        "--seeds", "3", "--jobs", "1", "--language", code,
    )  # fmt: skip
    assert status == 0
    screen = first_screen(answer)
    assert re.search(r"\bA\b.* \d+ .*\bB\b.* \d+ ", screen), "who is without supply under each"
    choice = answer.splitlines()[0]
    assert screen.startswith(choice), "what to decide comes first"
    assert not re.search(PROGRAMMING, screen, re.IGNORECASE), screen
    assert f"{choice}</p>" in plan.with_name("index.html").read_text("utf-8")
    assert result.read_text("utf-8-sig").count("\n") == 49


def test_a_word_of_programming_is_seen():
    assert re.search(PROGRAMMING, "by [behaviour] of the plan", re.IGNORECASE)
    assert first_screen("x\n" * 30 + "late").count("x") == 24
