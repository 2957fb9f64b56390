"""Slow tests say why and take turns, and a family of slow cases draws some of them."""

import ast

import pytest

from tests import slow
from tests.cells import WHOLE
from tests.tidy.repository import found_by, texts

FAMILY = """
import pytest

@pytest.mark.slow("a trial", short=3)
@pytest.mark.parametrize("number", range(40))
def test_one(number):
    print(f"drew {number}")
"""


TURNS = """
import pytest

@pytest.mark.slow("a family")
@pytest.mark.parametrize("number", range(3))
def test_family(number): pass

@pytest.mark.slow("a trial")
def test_one(): pass

@pytest.mark.slow("a trial")
def test_two(): pass

@pytest.mark.slow("a rule", always=True)
def test_rule(): pass

@pytest.mark.slow("a drawn family", short=1)
@pytest.mark.parametrize("number", range(3))
def test_short(number): pass

def test_quick(): pass
"""


def drawn(pytester: pytest.Pytester, *arguments: str) -> list[str]:
    done = pytester.runpytest_inprocess("-p", "tests.slow", "-s", *arguments)
    return sorted(line for line in done.outlines if "drew" in line)


@pytest.mark.slow("runs pytest six times")
@pytest.mark.skipif(WHOLE, reason="all cases are run")
def test_a_family_draws_by_the_seed_and_a_test_that_is_named_runs_whole(pytester):
    pytester.makepyfile(test_trial=FAMILY)
    first = drawn(pytester, "-p", "no:xdist", "--randomly-seed=1")
    assert len(first) == 3
    assert first == drawn(pytester, "-p", "no:xdist", "--randomly-seed=1")
    others = [drawn(pytester, "-p", "no:xdist", f"--randomly-seed={seed}") for seed in range(2, 6)]
    assert any(first != other for other in others)
    assert len(drawn(pytester, "test_trial.py::test_one")) == 40


def test_half_of_the_slow_tests_of_a_folder_have_their_turn_and_each_has_one(pytester):
    pytester.plugins = ["tests.slow"]
    items = pytester.getitems(TURNS)
    turns = [
        {item.nodeid.partition("::")[2].partition("[")[0] for item in set(items) - out}
        for seed in range(20)
        for out in [slow.drawn_out_tests(items, seed)]
    ]
    assert {len(turn) for turn in turns} == {5}, "one of three waits, with all of its cases"
    assert set.union(*turns) - set.intersection(*turns) == {"test_family", "test_one", "test_two"}
    assert slow.drawn_out_tests(items, 1) == slow.drawn_out_tests(items[::-1], 1)


def test_a_run_of_a_part_leaves_no_slow_test_out(pytester):
    whole = pytester.parseconfig(str(slow.SUITE))
    part = pytester.parseconfig(str(slow.SUITE / "tidy"))
    assert (slow.is_whole_suite(whole), slow.is_whole_suite(part)) == (True, False)


def test_who_is_dear_without_a_reason_is_named(pytester, monkeypatch):
    monkeypatch.setattr(slow, "LIMIT_S", -1.0)
    marked = "@pytest.mark.slow('why')\ndef test_a(): pass"
    pytester.makepyfile(test_trial=f"import pytest\n{marked}\ndef test_b(): pass")
    done = pytester.runpytest_inprocess("-p", "tests.slow", "-p", "no:xdist")
    done.stdout.fnmatch_lines(["*1 tests above*do not say why*", "*test_b"])
    done.stdout.no_fnmatch_line("*s  *::test_a")


def unsaid(text: str) -> list[str]:
    """Return the `slow` marks of a file that give no reason."""
    return [
        f"line {node.lineno}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "pytest.mark.slow"
        and not (node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value)
    ]


@pytest.mark.slow("reads every file of the repository", always=True)
def test_each_mark_gives_a_reason():
    marked = {
        name: text
        for name, text in texts().items()
        if name.startswith("tests/") and "mark.slow(" in text and name.endswith(".py")
    }
    assert len(marked) > 80
    assert found_by(unsaid, marked) == []
    assert unsaid("@pytest.mark.slow(short=2)\ndef test_a(): pass") == ["line 1"]
