"""The answer and its words against the supply that was seen: the trace denies nothing."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, product

import pytest

from meter_emu.resources import built_in, find
from meter_emu.world.judge.answer import HouseholdCounts, Tone
from meter_emu.world.judge.breaches import FED_WORDS, LOST_WORDS
from meter_emu.world.judge.outcome import Outcome, Supplied, SupplySince
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import FindingKind, Verdict
from meter_emu.world.meter.events import What, beginning_of
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.fleet import rehearsed
from meter_emu.world.rehearsal.sample import sampled
from tests.campaigns import head
from tests.cells import each_cell, few
from tests.world.judge.denied import denied
from tests.world.judge.judged import told

BUILDS = ("reference", "reference+end-exclusive", "reference+reactivation-clears-one")
ON = {Supplied.ON, Supplied.LIMITED}


@pytest.mark.slow("whole built-in campaigns, each with two defects")
@each_cell(("name", "build"), product(sorted(built_in("campaigns")), BUILDS), short=1)
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
    words = told(range(few(60, short=30)))
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
    unfed = SupplySince(fed[0], Supplied.OFF, for_credit=True)
    lies = [
        replace(outcome, supply=(unfed, *outcome.supply[1:])),
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
        counts.add(household, rehearsed(household, campaign, events=False)[0])
    return counts


def test_an_announced_end_that_the_rehearsal_does_not_reach_is_no_good_news(tmp_path):
    """2072 for 2027: nothing happens in the rehearsal."""
    text = head(
        "typo", "2027-05-01T00:00:00", "2027-08-20T12:00:00", announced="2072-07-02T23:01:00"
    )
    counts = answered(tmp_path, text + STREET.replace("balance_eur = 5", "balance_eur = 5000"))
    answer = counts.answer
    assert answer.tone is Tone.BAD
    assert answer.said == (
        (
            "Of 2, 2 cannot be judged (dark-1, dark-2): the rehearsal ends before the announced "
            "moment; end it later than 3 Jul 2072 00:01."
        ),
        "All 2 households are supplied from beginning to end.",
    )
    assert counts.open_questions == 2


CREDIT = STREET.split("visits", maxsplit=1)[0]


def test_nobody_lives_as_announced_where_nothing_was_announced(tmp_path):
    text = head("gone", "2027-05-01T00:00:00", "2027-05-20T12:00:00", announced=None)
    answer = answered(tmp_path, text + CREDIT).answer
    assert answer.tone is Tone.WARN
    assert answer.said == (
        (
            "2 households, and nothing announced: at the end 0 are supplied, 2 without credit; "
            "it was never worse."
        ),
        "2 households are without credit, the first since 3 May.",
    )


def test_green_is_only_where_nobody_was_ever_without_supply(tmp_path):
    text = head("fed", "2027-05-01T00:00:00", "2027-05-20T12:00:00", announced=None)
    fed = answered(tmp_path, text + CREDIT.replace("balance_eur = 5", "balance_eur = 5000")).answer
    assert fed.tone is Tone.GOOD
    assert fed.said == (
        "All 2 households are supplied from beginning to end, and nothing announced.",
    )
    assert (fed.at_end.supplied, fed.worst.unsupplied) == (2, 0)


TYPO = """[[household]]
id = "good"
kind = "the date that was announced"
count = 2
balance_eur = 50
load_w = 100
visits = [
  { at = 2027-05-03T10:00:00, desk = ["defer", "cut"] },
  { at = 2027-05-03T18:00:00, insert = true },
]
[[household]]
id = "typo"
kind = "the second office wrote 2 June for 2 July"
balance_eur = 50
load_w = 100
visits = [
  { at = 2027-05-03T10:00:00, desk = ["defer", "cut"], defer_until = 2027-06-02T23:01:00, cut_at = 2027-06-02T23:01:00 },
  { at = 2027-05-03T18:00:00, insert = true },
]
"""  # noqa: E501


def test_a_date_that_an_office_mistyped_is_the_offices_doing_and_red(tmp_path):
    text = head(
        "typo", "2027-05-01T08:00:00", "2027-07-08T12:00:00", announced="2027-07-02T23:01:00"
    )
    counts = answered(tmp_path, text + TYPO)
    assert counts.broken == 1
    assert counts.answer.tone is Tone.BAD
    assert counts.answer.said[:2] == (
        "2 of 3 lived what was announced to them.",
        (
            "1 was cut or limited 29 d 23 h before the announced moment (typo): "
            "the doing of the office."
        ),
    )
    named = TYPO.replace('id = "typo"', 'id = "typo"\nexpect_lived = ["dark_before"]')
    expected = answered(tmp_path, text + named)
    assert expected.broken == 0
    assert expected.answer.tone is Tone.WARN
    assert expected.answer.said[1].endswith("the doing of the office, as the file expects.")


def supply_at(us: int) -> Callable[[Outcome], SupplySince]:
    def found(outcome: Outcome) -> SupplySince:
        one = outcome.supply_at(us)
        assert one is not None, "it is in the rehearsal"
        return one

    return found


@pytest.mark.slow("lives a campaign")
def test_figures_at_an_instant_are_every_household_once(tmp_path):
    """Against the spans themselves, at instants that no change is near to and at some that are."""
    path = find("campaigns", "ores-2020-07")
    campaign = load_campaign(path)
    counts, outcomes = HouseholdCounts(campaign), []
    for household in campaign.households:
        outcomes.append(judge(household, campaign, run_meter(household, campaign)))
        counts.add(household, outcomes[-1])
    step = (campaign.end_us - campaign.start_us) // 97 // 60_000_000 * 60_000_000
    worst = 0
    for us in range(campaign.start_us, campaign.end_us, step):
        figures = counts.supply.at(us)
        had = Counter((one.had, one.for_credit) for one in map(supply_at(us), outcomes))
        off, limited = had[Supplied.OFF, False], had.total() - had[Supplied.OFF, True]
        limited -= off + had[Supplied.ON, False] + had[Supplied.NO_POWER, False]
        assert figures[1:] == (
            had[Supplied.ON, False],
            limited,
            off,
            had[Supplied.OFF, True],
            had[Supplied.NO_POWER, False],
            0,
        )
        worst = max(worst, figures.unsupplied)
    assert counts.supply.worst.unsupplied >= worst > 0


@pytest.mark.slow("lives a whole campaign")
def test_supply_at_an_instant_is_what_the_events_say():
    """Each switch, limiter and street by itself, on every household of July 2020."""
    campaign = load_campaign(find("campaigns", "ores-2020-07"))
    had: Counter[tuple[Supplied, bool]] = Counter()
    for household in campaign.households:
        events = run_meter(household, campaign)
        outcome = judge(household, campaign, events)
        begins, power = beginning_of(events), True
        on, limited = begins.supply_on, bool(begins.limiter_a)
        for event, after in pairwise(events):
            on = {What.OPENED: False, What.CLOSED: True}.get(event.what, on)
            limited = {What.LIMITED: True, What.UNLIMITED: False}.get(event.what, limited)
            power = {What.POWER_LOST: False, What.POWER_BACK: True}.get(event.what, power)
            if after.at_us == event.at_us:
                continue
            found = outcome.supply_at(event.at_us)
            fed = Supplied.LIMITED if limited else Supplied.ON
            assert found is not None
            assert found.had is ((fed if on else Supplied.OFF) if power else Supplied.NO_POWER)
            had[found.had, found.for_credit] += 1
        assert outcome.supply_at(campaign.start_us - 1) is None
        assert outcome.supply_at(campaign.end_us) is None
    assert had.keys() >= {
        (Supplied.ON, False), (Supplied.OFF, False), (Supplied.OFF, True),
        (Supplied.LIMITED, False), (Supplied.NO_POWER, False),
    }, had  # fmt: skip


def test_figures_split_by_group(tmp_path):
    text = head("gone", "2027-05-01T00:00:00", "2027-05-20T12:00:00", announced=None)
    fed = CREDIT.replace("balance_eur = 5", "balance_eur = 5000").replace('id = "', 'id = "fed-')
    west, east = CREDIT + 'group = "west"\n', fed + 'group = "east"\n'
    answer = answered(tmp_path, text + west + east).answer
    assert list(answer.by_group) == ["east", "west"]
    assert answer.by_group["east"][1:] == (2, 0, 0, 0, 0, 0)
    assert answer.by_group["west"][1:] == (0, 0, 0, 2, 0, 0)
