"""No meter is woken without need: no poll only repeats, and none runs across nothing."""

import pytest

from meter_emu.domain import BUDGET
from meter_emu.firmware.rules import MeterRules, Standing
from meter_emu.laws.law import campaign_of
from meter_emu.ports import Sleep
from meter_emu.resources import built_in
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import story
from meter_emu.world.rehearsal.campaign import load_campaign
from tests.bench.meters import sheltered, year
from tests.bench.wakes import causes, needless
from tests.campaigns import FLEETS
from tests.cells import each_cell

CAMPAIGNS = sorted(set(built_in("campaigns")) - FLEETS)
STORIES = 10  # in each of thirty


@pytest.mark.slow("lives a year")
def test_no_poll_of_a_year_with_a_card_a_week_is_needless(tmp_path):
    assert needless(year(tmp_path, 1)) == []


@pytest.mark.slow("lives every household of a campaign")
@each_cell("name", CAMPAIGNS, short=1)
def test_no_poll_of_a_campaign_is_needless(name):
    campaign = load_campaign(built_in("campaigns")[name])
    budget = [at for at, one in enumerate(campaign.households) if one.model.device == BUDGET]
    assert [at for at in budget if needless(campaign, at)] == []  # others have another program


@pytest.mark.slow("lives stories")
@each_cell("part", range(30), short=1)
def test_no_poll_of_a_story_is_needless(part):
    for number in range(part * STORIES, (part + 1) * STORIES):
        assert needless(story(seeded(f"wakes/{number}"))) == []


def test_the_home_of_the_bench_that_shelters_does():
    fleet = load_campaign(built_in("campaigns")["ores-fleet"])
    assert causes(campaign_of(fleet, sheltered(fleet)))["a shelter"]


def test_a_hint_that_ends_too_early_is_seen(tmp_path, monkeypatch):
    sleep = MeterRules.sleep

    def halved(rules: MeterRules, standing: Standing, *, at_most_s: int) -> Sleep | None:
        hint = sleep(rules, standing, at_most_s=at_most_s)
        second = rules.now.second_of_day
        if hint is None or second is None:
            return hint
        assert hint.until_second is not None, "it has a clock"
        return Sleep(second + (hint.until_second - second + 1) // 2, hint.until_units)

    campaign = year(tmp_path, 0.1)
    polls = causes(campaign).total()
    monkeypatch.setattr(MeterRules, "sleep", halved)
    assert len(needless(campaign)) > polls
