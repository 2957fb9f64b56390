"""The toys of `make toys` still fit the tree, and the page has the answer of each."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cells import each_cell
from tests.docs.pages import page, table
from tests.tidy.repository import ROOT
from tests.toys.page import COMPLETE, HEAD, Answer
from tests.toys.toys import Change, Toy, put, toys

ALL = tuple(toys())


def test_each_toy_can_be_put_in(tmp_path: Path) -> None:
    """Each alone: two toys may share a line."""
    for number, toy in enumerate(ALL):
        tree = tmp_path / str(number)
        for change in toy.changes:
            there = tree / change.file
            there.parent.mkdir(parents=True, exist_ok=True)
            if (change.after or change.before) and not there.exists():
                shutil.copy(ROOT / change.file, there)
            put(tree, change)


def test_a_toy_that_no_longer_fits_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\none\n")
    for change in (
        Change("a.py", "two", after="three"),
        Change("a.py", "two", before="one"),
        Change("a.py", "a new file that is there"),
        Change("b.py", "two", after="one"),
    ):
        with pytest.raises(AssertionError):
            put(tmp_path, change)


def test_whom_a_toy_asks_is_there() -> None:
    assert [name for toy in ALL for name in toy.asked if not (ROOT / name).exists()] == []


def test_the_page_has_an_answer_for_each_toy_and_nobody_is_silent() -> None:
    rows = table(page("docs/evidence/toys.md"), *HEAD)
    assert [(row[0], row[1]) for row in rows] == [(toy.table, toy.member) for toy in ALL]
    for _, _, _, types, tests in rows:
        assert types != "-" or tests == COMPLETE or tests.startswith("test_"), "a toy is lost"


@each_cell(
    ("types", "tests", "complete", "lost"),
    [
        ([], [], False, True),
        ([], [], True, False),
        (["a.py"], [], False, False),
        ([], ["test_a.py::test_a"], False, False),
    ],
)
def test_a_toy_of_which_nobody_says_a_word_must_work(
    types: Sequence[str], tests: Sequence[str], *, complete: bool, lost: bool
) -> None:
    toy = Toy("zone", "toy", (Change("a.py", "one", after="two"),))
    answer = Answer(toy, list(types), list(tests), complete=complete)
    assert answer.lost is lost
    assert ("does not work" in answer.row) is lost
    assert (COMPLETE in answer.row) is complete
