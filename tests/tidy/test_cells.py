"""A grid in one test tries every cell, and a failure names those that fail."""

import random
from enum import Enum

import pytest

from tests import cells
from tests.cells import SHOWN, each_cell


def test_every_cell_is_tried_and_each_that_fails_is_named():
    tried = []

    @each_cell("number", range(30))
    def odd_ones_fail(number):
        tried.append(number)
        assert number % 2 == 0

    with pytest.raises(AssertionError) as caught:
        odd_ones_fail()
    assert tried == list(range(30))
    failing = [f"  number={n}" for n in range(1, 2 * SHOWN, 2)]
    assert caught.value.__notes__ == ["15 of 30 cells fail, 10 of them:", *failing]


def test_grids_upon_each_other_are_their_product_and_a_name_is_an_id_where_there_are_ids():
    tried = []

    @each_cell("left", "ab", ids=str.upper)
    @each_cell(("x", "y"), [(1, 2), (3, 4)], ids=["low", "high"])
    def fails_once(left, x, y):
        tried.append((left, x, y))
        assert (left, x) != ("b", 3)

    with pytest.raises(AssertionError) as caught:
        fails_once()
    assert tried == [("a", 1, 2), ("a", 3, 4), ("b", 1, 2), ("b", 3, 4)]
    inner, outer = ["1 of 2 cells fail:", "  high"], ["1 of 2 cells fail:", "  B"]
    assert caught.value.__notes__ == inner + outer


def test_cells_may_be_made_when_they_are_tried_and_an_enumeration_is_a_grid():
    class Side(Enum):
        LEFT = 1
        RIGHT = 2

    tried: list[object] = []

    def numbers():
        tried.append("made")
        return [1, 2]

    @each_cell("number", numbers)
    @each_cell("side", Side)
    def both(number, side):
        tried.append((number, side.value))

    assert tried == []
    both()
    assert tried == ["made", (1, 1), (1, 2), (2, 1), (2, 2)]


def test_what_does_not_raise_fails_its_cell_and_a_skip_skips_the_test():
    @each_cell("number", [1, 0])
    def divides(number):
        with pytest.raises(ZeroDivisionError):
            _ = 1 // number

    with pytest.raises(pytest.fail.Exception) as caught:
        divides()
    assert caught.value.__notes__ == ["1 of 2 cells fail:", "  number=1"]

    @each_cell("number", [1, 2])
    def has_no_tool(number):
        pytest.skip("no tool")

    with pytest.raises(pytest.skip.Exception):
        has_no_tool()


def test_a_grid_without_cells_and_a_name_that_the_test_does_not_take_are_mistakes():
    with pytest.raises(AssertionError, match="tests nothing"):
        each_cell("number", [])
    with pytest.raises(AssertionError, match="a value for each name"):
        each_cell("x, y", [(1, 2), (1, 2, 3)])
    with pytest.raises(AssertionError, match="takes each name"):
        each_cell("number", [1])(lambda other: None)


def test_a_grid_takes_fixtures_and_is_shown_by_pytest_with_its_cells(pytester):
    pytester.makepyfile(
        """
        import pytest
        from tests.cells import each_cell

        @pytest.fixture
        def limit():
            return 3

        @pytest.mark.parametrize("base", [0, 10])
        @each_cell("number", range(5))
        def test_small(number, limit, base):
            assert number + base < limit
        """
    )
    done = pytester.runpytest_inprocess("-p", "no:randomly")
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(["*2 of 5 cells fail:", "*  number=3", "*  number=4"])


def test_a_short_grid_draws_cells_by_the_seed_of_the_run_and_all_where_the_whole_is_wanted(
    monkeypatch,
):
    tried = []

    @each_cell("number", range(30), short=4)
    def notes(number):
        tried.append(number)

    monkeypatch.setattr(cells, "WHOLE", False)
    for seed in (1, 1, 2):
        random.seed(seed)
        notes()
    assert tried[:4] == tried[4:8] == sorted(set(tried[:4]))
    assert tried[8:] != tried[:4]
    tried.clear()
    monkeypatch.setattr(cells, "WHOLE", True)
    notes()
    assert tried == list(range(30))
