"""The list of what was caught once: it has every known defect, and its rows hold."""

import pytest

from meter_emu.laws import laws
from tests.bench.caught import CAUGHT, KNOWN, NOT_CAUGHT, PROMISES, STORIES, Caught, asked, still
from tests.bench.held_out import HELD_OUT
from tests.cells import each_cell
from tests.explore.field import REPORTS

SOON = 20  # stories


def test_every_known_defect_has_a_row_or_a_reason():
    assert {*REPORTS, *HELD_OUT} <= {*CAUGHT, *NOT_CAUGHT} <= set(KNOWN)
    assert not CAUGHT.keys() & NOT_CAUGHT.keys()
    assert all(NOT_CAUGHT.values())
    for name, row in CAUGHT.items():
        assert row.law == PROMISES or laws()[row.law].hazard, name
        assert 1 <= row.story <= row.bound <= 3 * STORIES, name


@pytest.mark.slow("up to twenty stories each")
@each_cell("name", [name for name, row in CAUGHT.items() if row.bound <= SOON], short=2)
def test_what_was_caught_soon_is_caught_soon(name: str):
    assert asked(name)


def test_what_nothing_shows_is_lost():
    """The negative: a defect in the hour that no right office writes is caught by no story."""
    assert not still("gap-skipped", Caught(PROMISES, 1, 3))
