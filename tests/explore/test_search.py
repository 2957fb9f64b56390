"""What a search of every sequence finds, what it merges, and what it says of it."""

import tomllib

import pytest

from meter_emu.explore import canonical, left_out, search
from meter_emu.explore.graph import dot_of
from meter_emu.explore.roots import scope_named
from meter_emu.explore.search import Explored, explore
from meter_emu.workers import processes
from meter_emu.world.judge.verdict import judge
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter

FIELDS = ("depth", "whole", "states", "transitions", "merged", "keys", "broken_path")


def explored_in(name: str, build: str = "reference", **how: object) -> Explored:
    return explore(Explored(scope_named(name, build)), **how)  # type: ignore[arg-type]


@pytest.mark.slow("600 states of a meter, each with its judge")
def test_the_reference_is_clean_with_two_acts_and_what_was_merged_is_alike():
    explored = explored_in("aged", depth=2)
    assert explored.broken is None
    assert explored.depth == 2
    assert explored.merges > 100
    assert explored.pairs > 2
    assert explored.differing == 0, explored.differences


@pytest.mark.slow("the same twice, in this process and in two", short=1)
@pytest.mark.parametrize(("scope", "depth"), [("sessions", 2), ("sts", 1), ("paygo-nine", 1)])
def test_a_depth_is_the_same_in_any_number_of_processes(scope, depth, monkeypatch):
    begun: list[int] = []
    give = processes._Team.give

    def noted(team: processes._Team, turn: int, unit: object) -> None:
        begun.append(turn)
        give(team, turn, unit)

    monkeypatch.setattr(processes._Team, "give", noted)
    monkeypatch.setattr(search, "_FEW", 4)
    monkeypatch.setattr(search, "_BATCH", 1)
    one, two = (explored_in(scope, depth=depth, jobs=jobs) for jobs in (1, 2))
    assert begun.count(0) > 3, "the same workers, again and again"
    assert [getattr(one, name) for name in FIELDS] == [getattr(two, name) for name in FIELDS]


@pytest.mark.slow("an order number in 8 bits wants two acts after 255 orders")
def test_a_number_that_wraps_is_found_from_a_root_near_its_end(tmp_path):
    explored = explored_in("aged", "reference+order-number-in-8-bits", depth=2)
    found = explored.broken
    assert found is not None
    acts = sum(act > 0 for act in explored.broken_path)
    assert acts == 2
    assert explored.depth < acts, "no fewer acts show it"
    (tmp_path / "found.toml").write_text(found.text, "utf-8")
    campaign = load_campaign(tmp_path / "found.toml")
    (household,) = campaign.households
    outcome = judge(household, campaign, run_meter(household, campaign))
    assert outcome.breaches or outcome.findings
    assert len(found.text.splitlines()) <= 25


@pytest.mark.slow("states of a new meter, up to the first fault")
def test_what_breaks_is_a_campaign_and_a_red_path():
    explored = explored_in("new", "reference+end-exclusive", depth=2, edges=True)
    found = explored.broken
    assert found is not None
    assert tomllib.loads(found.text)["household"][0]["visits"]
    dot = dot_of(explored)
    assert dot.count("c0392b") == 2 * len(explored.broken_path)
    assert "office: defer until" in dot


@pytest.mark.slow("a rule that is wrong must show in pairs")
def test_a_rule_that_leaves_out_what_matters_shows_in_the_pairs(monkeypatch):
    """The negative of the merged-pair test: T2 of the order in the meter counts no more."""
    wrong = {**left_out.IN_STATE, "cut_end": "journal", "defer_end": "journal"}
    monkeypatch.setattr(canonical, "IN_STATE", wrong)
    desk = {**left_out.IN_DESK_RECORD, "cut_at": "stamps", "defer_until": "stamps"}
    monkeypatch.setattr(canonical, "IN_DESK_RECORD", desk)
    monkeypatch.setattr(canonical, "_asked", lambda due_us, _ahead, _order: b"%d" % due_us)
    monkeypatch.setattr(search, "_PAIR_ONE_IN", 6)
    assert explored_in("aged", depth=2).differing > 0


@pytest.mark.slow("it takes the time that it is given")
def test_a_time_ends_it_and_what_was_exhausted_is_said():
    explored = explored_in("new", time_s=0.2)
    assert explored.broken is None
    assert explored.transitions > 0
    assert explored.depth <= 1


def test_a_campaigns_household_and_a_hazard_are_scopes():
    campaign = explored_in("ores-2020-07:june-15", depth=0)
    assert campaign.depth == 0
    assert len(campaign.scope.acts) > 2
    assert explored_in("set-back", depth=0).broken is None
