"""Slow tests say why, and a family of slow cases draws some of them."""

import ast
from types import SimpleNamespace
from typing import Any, TypeGuard

import pytest

from tests import slow
from tests.cells import WHOLE, each_cell
from tests.tidy.repository import found_by, texts, trees, walked

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


def is_call_of(node: ast.expr, name: str) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == name


def unsaid(tree: ast.Module) -> list[str]:
    """Return the `slow` marks of a file that give no reason, or draw from a grid of one case."""
    found = [
        f"line {node.lineno}: no reason"
        for node in walked(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and is_call_of(node, "pytest.mark.slow")
        and not (node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value)
    ]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            others = [one for one in node.decorator_list if not is_call_of(one, "pytest.mark.slow")]
            marks = [one for one in node.decorator_list if is_call_of(one, "pytest.mark.slow")]
            draws = any(word.arg == "short" for mark in marks for word in mark.keywords)
            if draws and others and all(is_call_of(one, "each_cell") for one in others):
                found.append(f"line {node.lineno}: each_cell draws, by its own short")
    return found


@pytest.mark.slow("looks at every file of the tests")
def test_each_mark_gives_a_reason_and_draws_where_there_are_cases():
    tests = {name: tree for name, tree in trees().items() if name.startswith("tests/")}
    assert sum("mark.slow(" in text for text in texts().values()) > 80
    assert found_by(unsaid, tests) == []
    wrong = """
@pytest.mark.slow(short=2)
@pytest.mark.parametrize("a", [1, 2, 3])
def test_a(a): pass

@pytest.mark.slow("why", short=2)
@each_cell("a", [1, 2, 3])
def test_b(a): pass
"""
    assert unsaid(ast.parse(wrong)) == [
        "line 2: no reason", "line 8: each_cell draws, by its own short",
    ]  # fmt: skip
