"""evidence/reliability.md: what it says is tried is counted, its seeded faults have their tests."""

import re

from tests.docs.pages import ROOT, page, section, table
from tests.reliability.kinds import KINDS
from tests.reliability.stage import KITS

PAGE = page("docs/evidence/reliability.md")
TABLES = {"Figures": "test-exhaustive", "Files and readers of others": "test-hostile"}
TRIES = "".join(path.read_text("utf-8") for path in (ROOT / "tests/reliability").glob("test_*.py"))
TESTS = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))


def test_its_figures_are_of_what_is_counted():
    rows = [
        row
        for head, target in TABLES.items()
        for row in table(
            section(PAGE, head), "tried", "in `make test`", f"in `make {target}`", "survived"
        )
    ]
    assert sorted({what for what, *_ in rows}) == sorted(
        set(re.findall(r'tried\.one\("([^"]+)"', TRIES))
    )
    for what, short, whole, _ in rows:
        few, all_of_them = (int(text.replace(",", "")) for text in (short, whole))
        assert 0 < few <= all_of_them, what


def test_its_kinds_of_session_are_those_that_are_cut():
    (listed,) = re.findall(r"Kinds of session: ([^.]+)\.", PAGE)
    assert listed.replace("\n ", "").split(", ") == list(KINDS)
    assert f"There are {len(KITS)}." in PAGE


def test_each_seeded_fault_has_its_test():
    rows = table(section(PAGE, "The suite itself"), "fault", "found by")
    assert len(rows) > 10
    assert {name for _, name in rows if f"def {name}(" not in TESTS} == set()
