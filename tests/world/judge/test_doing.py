"""Whose doing: campaigns in which one cause or two are planted, and what the repairs say."""

from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, VisitKind
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.repairs import REPAIRS, RepairCase
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import LIVED_WRONG, Lived, RepairName
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.doing import PAIRS_MAX, doing_of
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.fleet import rehearsed
from tests.cells import each_cell
from tests.world.judge.planted import CAUSES, PAIRS, planted

CASES: Final = Path(__file__).parent / "doing"
# Drawn with each cause: 32 campaigns with one, ten with two.
ONE: Final = [((cause,), seed) for cause in CAUSES for seed in range(4)]
TWO: Final = [(causes, seed) for causes in PAIRS for seed in range(2)]


@cache
def lived(causes: tuple[str, ...], seed: int) -> tuple[Household, Campaign, Outcome]:
    """Return the household of a planted campaign, and what became of it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "planted.toml"
        path.write_text(planted(causes, seed).text, "utf-8")
        campaign = load_campaign(path)
    (household,) = campaign.households
    return household, campaign, rehearsed(household, campaign, events=False)[0]


def named(outcome: Outcome) -> list[set[str]]:
    assert outcome.doing is not None, "it was asked"
    return [{name.value for name in one.repairs} for one in outcome.doing]


@pytest.mark.slow("rehearses campaigns, and repaired ones")
@each_cell(("causes", "seed"), ONE, short=12)
def test_the_one_cause_that_was_planted_is_named_and_no_other(causes, seed):
    _, _, outcome = lived(causes, seed)
    assert outcome.lived.verdict in LIVED_WRONG
    assert named(outcome) == [{name} for name in sorted(planted(causes, seed).names)]


@pytest.mark.slow("rehearses campaigns, and repaired ones")
@each_cell(("causes", "seed"), TWO, short=4)
def test_of_two_causes_that_hide_each_other_the_pair_is_named(causes, seed):
    _, _, outcome = lived(causes, seed)
    assert outcome.lived.verdict in LIVED_WRONG
    assert named(outcome) == [planted(causes, seed).names]


def test_every_cause_is_planted_for_some_repair_and_every_repair_has_one():
    assert set().union(*CAUSES.values()) == {name.value for name in RepairName}
    assert len(ONE) >= 30
    assert len(TWO) >= 10


@pytest.mark.slow("rehearses a repaired life for each")
@each_cell("name", list(REPAIRS))
def test_a_repair_that_changes_nothing_names_nobody(name):
    """The check above can fail: without its own repair a cause is not named."""
    cause = next(one for one, by in CAUSES.items() if name.value in by)
    household, campaign, outcome = lived((cause,), 0)
    table = {one: row for one, row in REPAIRS.items() if one is not name}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("meter_emu.world.rehearsal.doing.REPAIRS", table)
        left = doing_of(household, campaign, outcome)
    assert left is not None
    assert (name,) not in [one.repairs for one in left]


def test_a_repair_changes_nobody_else():
    """Not the street for the office, not the card for the clock: only what its row says."""
    household, campaign, outcome = lived(("date", "clock"), 0)
    assert outcome.lived.at_us is not None
    life = RepairCase(household, household, campaign, outcome.lived.at_us, erred=False)
    office, clock = (REPAIRS[one].change(life).run for one in (RepairName.OFFICE, RepairName.CLOCK))
    assert replace(office, visits=household.visits) == household
    assert replace(clock, clock_error_s=household.clock_error_s) == household
    when = [(one.at_us, one.kind) for one in household.visits]
    assert [(one.at_us, one.kind) for one in office.visits] == when


def test_a_repaired_life_is_judged_by_what_was_asked_and_announced_before():
    """An office that leaves out an order has not made the household ask for nothing."""
    household, campaign, outcome = lived(("date",), 0)
    silent = replace(household, visits=())
    events = run_meter(silent, campaign)
    assert judge(silent, campaign, events).lived.verdict is Lived.NOT_ANNOUNCED
    assert judge(silent, campaign, events, household).lived.verdict is Lived.STILL_ON
    assert outcome.doing is not None


def test_a_household_has_seventeen_lives_more_at_most(monkeypatch):
    household, campaign, outcome = lived(("date", "clock"), 0)
    lives = []

    def run(*of: object) -> object:
        lives.append(of)
        return run_meter(*of)  # type: ignore[arg-type]

    everywhere = dict.fromkeys(REPAIRS, REPAIRS[RepairName.OFFICE])
    monkeypatch.setattr("meter_emu.world.rehearsal.doing.run_meter", run)
    doing_of(household, campaign, outcome)
    few = len(lives)
    assert 0 < few <= len(REPAIRS) + PAIRS_MAX
    unlike = {
        name: replace(row, change=partial(_later, number))
        for number, (name, row) in enumerate(everywhere.items(), 1)
    }
    monkeypatch.setattr("meter_emu.world.rehearsal.doing.REPAIRS", unlike)
    lives.clear()
    assert doing_of(household, campaign, outcome) == ()
    assert len(lives) == len(REPAIRS) + PAIRS_MAX == 17


def _later(by: int, life: RepairCase) -> RepairCase:
    """Return a life in which the load differs a little: no repair of anything."""
    return life.running(life.run.visits, load=(life.run.load[0] + by, *life.run.load[1:]))


def test_who_lived_what_was_heard_has_nobody_to_blame():
    household, campaign, _ = lived(("date",), 1)
    right = replace(
        household, visits=tuple(one for one in household.visits if one.kind is not VisitKind.DESK)
    )
    events = run_meter(right, campaign)
    assert doing_of(right, campaign, judge(right, campaign, events)) is None


# The campaigns that the old questions got wrong --------------------------------------------------

DOING: Final = {
    "office-one-hour-late": {"one-hour": ["office"], "two-hours": ["office"]},
    "power-comes-back": {"card-too-soon": None},
    "moved-sooner": {
        "both-heard": ["plan"],
        "both-done": None,
        "first-heard": None,
        "given-the-newest": ["plan"],
        "never-came": ["plan"],
    },
}


@pytest.mark.slow("rehearses three campaigns")
@each_cell("name", list(DOING))
def test_the_cases_that_a_ladder_of_questions_got_wrong(name):
    campaign = load_campaign(CASES / f"{name}.toml")
    found = {}
    for household in campaign.households:
        outcome, _ = rehearsed(household, campaign, events=False)
        if outcome.doing is None:
            assert outcome.lived.verdict is Lived.AS_ANNOUNCED
        names = outcome.doing and [one.value for by in outcome.doing for one in by.repairs]
        found[household.id] = names
    assert found == DOING[name]
