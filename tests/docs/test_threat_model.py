"""docs/threat-model.md: the tests it names are there, and its codes are the meter's."""

import re

from meter_emu.domain import Result
from tests.docs.pages import ROOT, page

PAGE = page("docs/threat-model.md")


def test_the_tests_it_names_are_there():
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 15
    assert {name for name in named if f"def {name}(" not in tests} == set()


def unshown(text: str) -> list[str]:
    """Return the rows of the tables with a last column "shown by" that name no test of their own.

    "The same" is the test of the row above it, in the same table.
    """
    found, shown = [], False
    for line in text.splitlines():
        if not line.startswith("|"):
            shown = False
        elif line.endswith("| shown by |"):
            shown, above = True, False
        elif shown and not line.startswith("| ---"):
            last = line.strip("|").split("|")[-1].strip()
            above = "`test_" in last or (above and last.startswith("the same"))
            found += [] if above else [line]
    return found


def test_every_row_names_the_test_that_shows_it():
    assert unshown(PAGE) == []
    assert PAGE.count("| shown by |") == 8


def test_a_row_that_nothing_shows_is_seen():
    """The check can fail."""
    last = PAGE.rstrip().splitlines()[-1]
    for nothing in ("| a threat | **not** | open |", "| a threat | refused 14 |  |"):
        assert unshown(f"{PAGE.rstrip()}\n{nothing}\n") == [nothing]
    assert unshown(f"{PAGE.rstrip()}\n\n| threat | shown by |\n| --- | --- |\n{last}") == []
    first = "| threat | shown by |\n| --- | --- |\n| a threat | the same |"
    assert unshown(first) == ["| a threat | the same |"]


def test_its_codes_are_results_that_refuse():
    codes = {int(code, 16) for code in re.findall(r"refused ([0-9A-F]{2})\b", PAGE)}
    assert len(codes) > 8
    assert {code for code in codes if not Result(code).refused} == set()
