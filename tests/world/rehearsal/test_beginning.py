"""Every list of events begins with how the meter stands, and what comes later moves that."""

from dataclasses import replace

import pytest

from meter_emu.errors import ConfigError
from meter_emu.report.facts import Seen, facts_of
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import story
from meter_emu.world.judge.breaches import supply_of
from meter_emu.world.judge.outcome import Supplied
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.events import Beginning, What, beginning_of
from meter_emu.world.meter.image import image_of
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import how_it_begins, run_meter
from tests.campaigns import head
from tests.world.judge.case import Case, begins

USED_UP = """[[household]]
id = "a"
kind = "used up"
load_w = 2000
balance_eur = 1
"""
SAVED = """[[household]]
id = "a"
kind = "dark already"
load_w = 2000
balance_eur = 0
image = "dark.image"
"""
ARMED = """balance_eur = 50
visits = [
  {at = 2020-06-01T10:30:00, desk = ["defer", "cut"]},
  {at = 2020-06-01T11:00:00, insert = true},
]"""


@pytest.mark.slow("lives and judges many homes")
def test_in_any_story_the_moves_lead_from_the_first_event_to_where_the_meter_stands():
    for seed in range(60):
        campaign = story(seeded(seed))
        for household in campaign.households:
            benches: list[Bench] = []
            events = run_meter(household, campaign, prepare=benches.append)
            first, *later = events
            assert first == how_it_begins(household, campaign), seed
            assert first.at_us == campaign.start_us, seed
            assert not any(isinstance(event, Beginning) for event in later), seed
            on, limited = beginning_of(events).supply_on, bool(beginning_of(events).limiter_a)
            for event in later:
                on = {What.OPENED: False, What.CLOSED: True}.get(event.what, on)
                limited = {What.LIMITED: True, What.UNLIMITED: False}.get(event.what, limited)
            switch = benches[0].board.switch
            assert (on, limited) == (switch.on, bool(switch.limiter_a)), seed


def test_a_home_that_begins_dark_and_never_moves_is_dark_all_along(tmp_path):
    """An image saved after its credit was used up: nothing in the whole list tells it is dark."""
    text = head("first", "2020-06-02T10:00:00", "2020-06-04T15:00:00", announced=None)
    case = Case(tmp_path, "", text=text + USED_UP)
    benches: list[Bench] = []
    run_meter(case.household, case.campaign, prepare=benches.append)
    assert not benches[0].board.switch.on
    (tmp_path / "dark.image").write_bytes(image_of(benches[0].board, case.household.model))

    text = head("again", "2020-06-04T15:00:00", "2020-06-06T15:00:00", announced=None)
    again = Case(tmp_path, "", text=text + SAVED)
    events = run_meter(again.household, again.campaign)
    assert not {event.what for event in events} & {What.OPENED, What.CLOSED}
    assert not beginning_of(events).supply_on
    assert events[0].detail == "supply off"
    span = (again.campaign.start_us, again.campaign.end_us)
    assert [one.had for one in supply_of(events, *span)] == [Supplied.OFF]
    outcome = judge(again.household, again.campaign, events)
    assert outcome.verdict is Verdict.KEPT
    facts = facts_of(Seen(again.household, outcome, tuple(events)), again.campaign)
    assert [one.what for one in facts.supply] == ["off"]
    assert facts.balance[0][1] == events[0].balance_ueur


def test_the_judge_goes_by_the_first_event_alone(tmp_path):
    """The same list of no moves at all, armed and cut due: fed or dark all along."""
    case = Case(tmp_path, ARMED)
    _, *later = case.events()
    fed, dark = (
        judge(case.household, case.campaign, [begins(case.campaign, supply_on=on), *later])
        for on in (True, False)
    )
    assert (fed.verdict, dark.verdict) == (Verdict.NEVER, Verdict.NOT_RESTORED)


@pytest.mark.parametrize("seconds", [-1, 0])
def test_a_visit_that_the_rehearsal_has_no_time_for_is_refused_by_the_engine(tmp_path, seconds):
    """No file has it: who makes a household in Python is told which visit it is."""
    path = tmp_path / "late.toml"
    lines = head("late", "2020-06-01T10:00:00", "2020-06-02T10:00:00")
    path.write_text(lines + USED_UP + "visits = [{ at = 2020-06-01T11:00:00, insert = true }]\n")
    campaign = load_campaign(path)
    (household,) = campaign.households
    (visit,) = household.visits
    before_us = campaign.start_us if seconds else campaign.end_us
    outside = replace(visit, at_us=before_us + seconds * 1_000_000)
    with pytest.raises(ConfigError, match=r"'a', visit 1: at: expected from .* to before"):
        run_meter(replace(household, visits=(outside,)), campaign)
