"""The answer and its words against the supply that was seen: the trace denies nothing."""

from dataclasses import replace
from itertools import product

import pytest

from meter_emu.resources import find
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import story
from meter_emu.world.meter.events import What
from meter_emu.world.rehearsal.answer import HouseholdCounts
from meter_emu.world.rehearsal.breaches import FED_WORDS, LOST_WORDS, supply_of
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.outcome import Outcome, Supplied
from meter_emu.world.rehearsal.verdict import judge
from meter_emu.world.rehearsal.verdicts import Verdict
from tests.campaigns import head
from tests.cells import each_cell

ON = {Supplied.ON, Supplied.LIMITED}
CUT = {"the meter took it away", "the meter took it away before T2"}


def denied(outcome: Outcome, events, campaign) -> list[str]:
    """Return what an outcome says that the supply trace contradicts."""
    seen = tuple(supply_of(events, campaign.start_us, campaign.end_us))
    opened = {e.at_us: e for e in events if e.what is What.OPENED}
    wrong = []
    for from_us, to_us in outcome.unfed:
        within = [one for one in seen if one.from_us < to_us and one.to_us > from_us]
        if any(one.had in ON for one in within):
            wrong.append("no supply for want of credit, but there was supply")
        event = opened.get(from_us)
        if event is None or (event.balance_ueur is not None and event.balance_ueur > 0):
            wrong.append("no credit, but the balance was above zero, or no switch moved")
    for breach in outcome.breaches:
        had = {one.had for one in seen if one.from_us < breach.to_us and one.to_us > breach.from_us}
        if breach.had not in had:
            wrong.append(f"{breach.in_words}: the household had {had}")
        if breach.happened in CUT and breach.from_us not in opened:
            wrong.append(f"{breach.in_words}: no switch opened")
    on_time = outcome.verdict is Verdict.ON_TIME and outcome.cut_us is not None
    if on_time and outcome.cut_us not in opened:
        wrong.append("on time, but nothing opened then")
    return wrong


@pytest.mark.slow("lives and judges many homes")
@each_cell("build", ["reference", "reference+end-exclusive", "reference+reactivation-clears-one"])
@each_cell("name", ["ores-2020-07", "resa-2020-06", "winter"], short=1)
def test_no_sentence_over_a_built_in_household_is_denied_by_its_supply(name, build):
    campaign = load_campaign(find("campaigns", name), build=build)
    for household in campaign.households:
        events = run_meter(household, campaign)
        assert denied(judge(household, campaign, events), events, campaign) == [], household.id


@pytest.mark.slow("lives and judges many homes")
@each_cell("number", range(2_000), short=60)
def test_no_sentence_over_a_story_is_denied_by_its_supply(number):
    campaign = story(seeded(number))
    (household,) = campaign.households
    events = run_meter(household, campaign)
    assert denied(judge(household, campaign, events), events, campaign) == []


def test_what_the_supply_denies_is_found():
    """The same check over outcomes that lie: the tests above cannot pass by seeing nothing."""
    campaign = load_campaign(find("campaigns", "resa-2020-06"), build="reference+end-exclusive")
    household = next(one for one in campaign.households if one.id == "never-back")
    events = run_meter(household, campaign)
    outcome = judge(household, campaign, events)
    (breach, *_) = outcome.breaches
    fed = (campaign.start_us, campaign.start_us + 1)
    elsewhere = replace(breach, from_us=breach.from_us - 60_000_000)
    assert denied(outcome, events, campaign) == []
    assert len(denied(replace(outcome, unfed=(fed,)), events, campaign)) == 2
    assert denied(replace(outcome, breaches=(elsewhere,)), events, campaign)
    assert denied(
        replace(outcome, breaches=(), verdict=Verdict.ON_TIME, cut_us=fed[0]), events, campaign
    )


def test_the_words_of_a_breach_are_a_table_without_a_gap():
    moves = list(product((True, False), repeat=2))
    assert set(LOST_WORDS) == {(had, *m) for had in (Supplied.OFF, Supplied.LIMITED) for m in moves}
    assert set(FED_WORDS) == {(had, *m) for had in ON for m in moves}
    for (_, moved, asked), words in {**LOST_WORDS, **FED_WORDS}.items():
        assert ("nobody had asked" in words) <= (moved and not asked)
        assert ("stayed" in words or "kept" in words) <= (not moved)
        assert ("asked" in words) >= (moved and asked)


STREET = """[[household]]
id = "dark"
kind = "little credit"
count = 2
balance_eur = 5
load_w = 700
visits = [
  { at = 2027-05-03T10:00:00, desk = ["defer", "cut"] },
  { at = 2027-05-03T18:00:00, insert = true },
]
"""


def answered(tmp_path, text) -> HouseholdCounts:
    path = tmp_path / "street.toml"
    path.write_text(text)
    campaign = load_campaign(path)
    counts = HouseholdCounts(campaign)
    for household in campaign.households:
        counts.add(household, judge(household, campaign, run_meter(household, campaign)))
    return counts


def test_an_announced_end_that_the_rehearsal_does_not_reach_is_not_rehearsed(tmp_path):
    """2072 for 2027: nothing happens in the rehearsal, and that is no good news."""
    text = head(
        "typo", "2027-05-01T00:00:00", "2027-08-20T12:00:00", announced="2072-07-02T23:01:00"
    )
    counts = answered(tmp_path, text + STREET.replace("balance_eur = 5", "balance_eur = 5000"))
    assert counts.sentence == "All 2 households are supplied and disconnected as announced."
    (said,) = counts.more
    assert said == (
        "Not rehearsed: 2 households have an announced end that the rehearsal, which ends on "
        "20 August 2027, does not reach."
    )
    assert counts.open_questions == 2


def test_households_without_credit_are_said_next_to_the_answer_and_not_in_it(tmp_path):
    text = head("gone", "2027-05-01T00:00:00", "2027-05-20T12:00:00", announced=None)
    counts = answered(tmp_path, text + STREET.split("visits", maxsplit=1)[0])
    assert counts.sentence == "All 2 households are supplied and disconnected as announced."
    (said,) = counts.more
    assert said == "2 households are without supply for want of credit, the first since 3 May."
