"""The answer and its words against the supply that was seen: the trace denies nothing."""

from dataclasses import replace
from itertools import product

import pytest

from meter_emu.resources import built_in, find
from meter_emu.world.judge.answer import HouseholdCounts
from meter_emu.world.judge.breaches import FED_WORDS, LOST_WORDS
from meter_emu.world.judge.outcome import Supplied
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import FindingKind, Verdict
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.sample import sampled
from tests.campaigns import head
from tests.cells import each_cell
from tests.world.judge.denied import denied
from tests.world.judge.judged import told

ON = {Supplied.ON, Supplied.LIMITED}


@pytest.mark.slow("whole built-in campaigns, each with two defects")
@each_cell("build", ["reference", "reference+end-exclusive", "reference+reactivation-clears-one"])
@each_cell("name", sorted(built_in("campaigns")), short=1)
def test_no_sentence_over_a_built_in_household_is_denied_by_what_was_seen(name, build):
    campaign = load_campaign(find("campaigns", name), build=build)
    if len(campaign.households) > 100:
        campaign, _ = sampled(campaign, 40)
    for household in campaign.households:
        events = run_meter(household, campaign)
        outcome = judge(household, campaign, events)
        assert denied(outcome, household, events, campaign) == [], household.id


@pytest.mark.slow("lives and judges many homes")
def test_no_sentence_over_a_story_is_denied_by_what_was_seen():
    """Most of these homes have a defect; `make test-judge` has 2,000."""
    words = told(range(60))
    assert words.untrue == []
    assert words.sentences > 1.3 * words.homes, "there is more to say than a verdict"


def test_what_was_seen_denies_a_lie():
    """The same check over outcomes that lie: the tests above cannot pass by seeing nothing."""
    campaign = load_campaign(find("campaigns", "resa-2020-06"), build="reference+end-exclusive")
    household = next(one for one in campaign.households if one.id == "never-back")
    events = run_meter(household, campaign)
    outcome = judge(household, campaign, events)
    (breach, *_), (finding, *_) = outcome.breaches, outcome.findings
    fed = (campaign.start_us, campaign.start_us + 1)
    lies = [
        replace(outcome, unfed=(fed,)),
        replace(outcome, breaches=(), verdict=Verdict.ON_TIME, cut_us=fed[0]),
        replace(outcome, breaches=()),
        *(replace(outcome, breaches=(replace(breach, **lie),)) for lie in (
            {"from_us": breach.from_us - 60_000_000},
            {"had": Supplied.LIMITED},
            {"promised": "no supply"},
            {"happened": "the household stayed without supply before T2"},
            {"happened": "the meter took it away"},
            {"happened": "the lights went out"},
            {"why": "prepayment is off: nothing is cut for it"},
            {"why": "because"},
        )),
        *(replace(outcome, findings=(replace(finding, **lie),)) for lie in (
            {"from_us": finding.from_us + 1},
            {"words": "announced T2 2020-07-03 23:01, and the meter stated 2020-01-01 00:00"},
            {"times": 0},
            {"kind": FindingKind.GROUNDLESS_DOUBT},
            {"kind": FindingKind.GROUNDLESS_REFUSAL},
            {"kind": FindingKind.WRONG_MONEY},
        )),
    ]  # fmt: skip
    assert denied(outcome, household, events, campaign) == []
    for number, lie in enumerate(lies):
        assert denied(lie, household, events, campaign) != [], number


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
    kept = "all 2 households are supplied and disconnected as announced"
    assert counts.sentence == f"Up to its end {kept}."
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
