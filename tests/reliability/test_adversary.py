"""The standing adversary finds what was planted, and on the reference no more than is promised."""

import pytest

from tests.cells import each_cell
from tests.docs.pages import page, table
from tests.reliability.adversary import MORE, WAYS, Worst, looked_for, search
from tests.reliability.planted import PLANTED
from tests.reliability.stage import EXHAUSTIVE

PAGE = page("docs/evidence/adversary.md")
FOUND = table(PAGE, "mistake", "found after", "what it had", "of at most")


@pytest.mark.slow("searches for the worst")
@pytest.mark.parametrize("number", range(len(WAYS)))
def test_no_search_finds_more_harm_than_is_promised(number):
    worst: Worst = {}
    search(WAYS[number], 4_000 if EXHAUSTIVE else (60, 2, 25)[number], worst)
    assert worst
    for kind, (harm, attack) in worst.items():
        assert harm.found <= harm.bound + MORE, (kind, attack)


@pytest.mark.slow("searches for a mistake, up to 300 plays")
@each_cell("name", [row[0] for row in FOUND if row[1].isdecimal() and int(row[1]) < 300], short=1)
def test_what_is_planted_is_found(name):
    assert looked_for(name, 2_500, 1)


def test_the_page_has_every_mistake_and_nothing_above_its_bound():
    assert [row[0] for row in FOUND] == list(PLANTED)
    rows = table(PAGE, "kind", "worst found", "promised of that story", "the story")
    assert rows
    for kind, most, promised, _ in rows:
        assert float(most.replace(",", "")) <= float(promised.replace(",", "")) + MORE, kind
