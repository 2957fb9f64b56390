"""docs/decisions/stamps.md: every test it names is there, and the tolerance is the program's."""

import re

from meter_emu.firmware.trust import STAMP_AHEAD_MAX_S
from tests.docs.pages import ROOT, page

PAGE = page("docs/decisions/stamps.md")


def test_the_tests_it_names_are_there():
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert named
    assert {name for name in named if f"def {name}(" not in tests} == set()


def test_the_tolerance_is_the_program_s():
    assert f"more than {STAMP_AHEAD_MAX_S // 60} minutes (ours) ahead" in PAGE
