"""Stories that cross: which themes each row has, and what happened by a reading of the campaign."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import pytest

from meter_emu.laws.judged import promises
from meter_emu.laws.law import Broken, Trial
from meter_emu.stories.chooser import Replayed, seeded
from meter_emu.stories.crossed import CANNOT_CROSS, CROSSED_ROWS, takes, themes_of
from meter_emu.stories.story import ModelAndCards, models, story
from meter_emu.stories.themes import THEMES
from meter_emu.verify.crossings import CROSSINGS, crossings
from meter_emu.verify.met import met
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, VisitKind

COUNT = 342  # all rows are dealt in so many stories
DATES_MET = {
    "order from a longer month": 0.03,
    "T on a day of changed clocks": 0.1,
    "T within another deferral": 0.12,
}


def drawn(seed: int, count: int = COUNT) -> list[Campaign]:
    return [story(seeded(f"{seed}/story/{number}", number)) for number in range(count)]


def crossed(household: Household) -> set[str]:
    return crossings(household, household.clock_set_us)


def test_each_theme_comes_before_and_within_each_other_one_in_some_row():
    within, before = set(), set()
    for row in range(CROSSED_ROWS):
        outer, middle, inner, then = themes_of(row)
        assert len({outer, middle, inner, then}) == 4
        within |= {(middle, outer), (inner, outer), (inner, middle)}
        before |= {(one, then) for one in (outer, middle, inner)}
    pairs = {(one, other) for one, other in product(THEMES, repeat=2) if one != other}
    assert before == pairs
    assert pairs - within <= set(CANNOT_CROSS)


@pytest.mark.slow("draws many stories")
def test_every_pair_of_themes_is_met_in_the_first_stories_of_a_search():
    found = Counter(name for campaign in drawn(0) for name in met(campaign))
    assert not [name for name in CROSSINGS if name not in found]
    assert not {f"{one} within {other}" for one, other in CANNOT_CROSS} & found.keys()
    seldom = {name: found[name] for name, rate in DATES_MET.items() if found[name] < rate * COUNT}
    assert not seldom


def test_what_did_not_happen_is_not_read():
    """Without one kind of visit the pairs of its theme are gone, and no others."""
    for theme, kind in (("copy", VisitKind.COPY), ("replaced card", VisitKind.OLD_CARD)):
        count = 0
        for campaign in drawn(0, 60):
            (household,) = campaign.households
            left = tuple(visit for visit in household.visits if visit.kind is not kind)
            was, now = crossed(household), crossed(replace(household, visits=left))
            gone = {name for name in was if theme in re.split(r", then | within ", name)}
            assert now == was - gone
            count += bool(gone)
        assert count


def test_a_crossing_is_drawn_whole_and_each_of_its_themes_can_be_left_out():
    chooser = seeded("0/story/1", 1)
    (household,) = story(chooser).households
    assert all(name in household.kind for name in themes_of(0))
    few = [nth for nth in range(len(chooser.tape)) if "then" not in without(chooser.tape, nth).kind]
    assert len(few) == 1 + len(themes_of(0))  # the first number draws another story
    assert without(chooser.tape, *few[1:]).kind == "armed"
    assert len(without(chooser.tape, *few[1:]).visits) == 2 < len(household.visits)


def without(tape: Sequence[int], *left_out: int) -> Household:
    left = [0 if nth in left_out else number for nth, number in enumerate(tape)]
    return story(Replayed(left)).households[0]


@pytest.mark.slow("lives stories")
def test_the_reference_keeps_every_promise_where_themes_cross():
    for number, campaign in enumerate(drawn(3, 40)):
        assert not isinstance(promises(Trial(campaign, "reference")), Broken), number


def test_a_meter_lives_what_it_can_have_of_a_row():
    gas = [kit for kit in models() if kit.model.limiter_a == 0]
    assert {bool(takes(row)) for row in range(CROSSED_ROWS)} == {True, False}
    deaf = [ModelAndCards(kit.model_name, kit.model, clock_cards=False) for kit in models()[:2]]
    for number in range(0, COUNT, 6):
        chooser = seeded(f"gas/{number}", number + 1)
        (household,) = story(chooser, gas).households
        assert household.model.limiter_a == 0
        assert not any(visit.desk and visit.desk.limiter for visit in household.visits)
        assert story(Replayed(chooser.tape), gas).households[0] == household
        (household,) = story(seeded(f"deaf/{number}", number + 1), deaf).households
        kinds = {visit.kind for visit in household.visits}
        assert not kinds & {VisitKind.CLOCK_CARD, VisitKind.UPSET}
