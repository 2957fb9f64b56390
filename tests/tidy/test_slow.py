"""Slow tests say why, and a family of slow cases draws some of them."""

import ast
from types import SimpleNamespace
from typing import Any

import pytest

from tests import slow
from tests.cells import WHOLE, each_cell
from tests.tidy.repository import found_by, texts

FAMILY = """
import pytest

@pytest.mark.slow("a trial", short=3)
@pytest.mark.parametrize("number", range(40))
def test_one(number):
    print(f"drew {number}")
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


def test_the_whole_suite_is_told_from_a_part(pytester):
    whole = pytester.parseconfig(str(slow.SUITE))
    part = pytester.parseconfig(str(slow.SUITE / "tidy"))
    assert (slow.is_whole_suite(whole), slow.is_whole_suite(part)) == (True, False)


@each_cell("workers", [1, 2, 3, 4, 8])
def test_two_workers_begin_with_what_waits_and_all_tests_are_there(workers):
    names = (
        ["pcsc/test_a.py"] * 7 + ["cli/test_failing_programs.py"] * 2 + ["a/b.py", "c/d.py"] * 60
    )
    items: list[Any] = [SimpleNamespace(path=slow.SUITE / name) for name in names]
    ordered = slow.in_turns(items, 5, workers)
    assert sorted(map(id, ordered)) == sorted(map(id, items))
    deal = slow.shares(len(items), workers)
    assert sum(deal) == len(items)
    waits = [n for n, item in enumerate(ordered) if item.path.parent.name in {"pcsc", "cli"}]
    begin = sum(deal[: workers // 2])
    first, second = (9, 0) if workers == 1 else (4, 5)
    assert waits == [*range(first), *range(begin, begin + second)]


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


@pytest.mark.slow("reads every file of the repository")
def test_each_mark_gives_a_reason():
    marked = {
        name: text
        for name, text in texts().items()
        if name.startswith("tests/") and "mark.slow(" in text and name.endswith(".py")
    }
    assert len(marked) > 80
    assert found_by(unsaid, marked) == []
    assert unsaid("@pytest.mark.slow(short=2)\ndef test_a(): pass") == ["line 1"]
