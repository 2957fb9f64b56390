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


def test_its_codes_are_results_that_refuse():
    codes = {int(code, 16) for code in re.findall(r"refused ([0-9A-F]{2})\b", PAGE)}
    assert len(codes) > 8
    assert {code for code in codes if not Result(code).refused} == set()
