"""The page on `distinguish`: its ten pairs are what is found."""

import pytest

from tests.cells import each_cell
from tests.docs.pages import page
from tests.docs.pairs import HEAD, PAIRS, row

PAGE = page("docs/distinguish.md")


@pytest.mark.slow("runs what the page says")
@each_cell("pair", PAIRS, ids="-".join, short=1)
def test_a_pair_differs_as_the_page_says(pair: tuple[str, str]) -> None:
    assert row(*pair) in PAGE.splitlines(), "run python -m tests.docs.pairs"


def test_ten_pairs_are_shown() -> None:
    rows = PAGE.partition(HEAD)[2].partition("\n\n")[0].splitlines()
    assert len(rows) == len(PAIRS) == 10
