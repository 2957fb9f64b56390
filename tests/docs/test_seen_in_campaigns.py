"""The page of campaigns and defects is what was seen, of all there are; a sample is lived again."""

import pytest

from meter_emu.defects import catalogue, defects_of
from meter_emu.domain import BUDGET
from meter_emu.resources import built_in
from tests.campaigns import of_tokens
from tests.cells import each_cell
from tests.docs.seen_in_campaigns import (
    CAMPAIGNS,
    LEFT_OUT,
    PAGE,
    SLOW,
    households,
    shows,
    stored,
    text,
)

SEEN = stored()
CELLS = [
    (defect, name, household) for defect, where in SEEN.items() for name, household in where.items()
]
SAMPLE = CELLS[:: len(CELLS) // 12]
UNSEEN = [one for one in SEEN if "resa-2020-06" not in SEEN[one] and one not in SLOW][::9]


def test_the_page_is_written_from_what_was_seen():
    assert PAGE.read_text("utf-8") == text(SEEN), "run make seen"


def test_every_defect_is_seen_and_every_campaign_was_tried():
    assert list(SEEN) == list(defects_of(BUDGET))
    assert all(SEEN.values()), "a home that shows it is wanted in a campaign"
    assert {*CAMPAIGNS, *LEFT_OUT, *of_tokens()} == set(built_in("campaigns"))
    assert {name for _, name, _ in CELLS} == set(CAMPAIGNS)


@pytest.mark.slow("runs what the page says")
@each_cell(("defect", "name", "household"), SAMPLE)
def test_a_defect_is_seen_where_the_page_says(defect, name, household):
    place = [one.id for one in households(name)].index(household)
    assert shows(name, place, catalogue()[defect])


@pytest.mark.slow("runs what the page says")
@each_cell("defect", UNSEEN)
def test_a_defect_is_not_seen_where_the_page_says_nothing(defect):
    places = range(0, len(households("resa-2020-06")), 3)
    assert not any(shows("resa-2020-06", place, catalogue()[defect]) for place in places)
