"""Households that live on a meter's favours: what they gain, and what the judge says of it."""

from pathlib import Path

import pytest

from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import FindingKind, Verdict
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.fleet import rehearsed
from tests.docs.pages import page, table
from tests.reliability.lives import KNOWN, Life, yields

SEEN_AND_LOST = Path(__file__).parent / "seen-and-lost.toml"
PAGE = page("docs/decisions/doubt.md")
ROWS = {row[0]: row[1:] for row in table(PAGE, "the household", "before", "`plain`", "now")}


def judged(name: str, build: str) -> Outcome:
    life = Life(KNOWN[name][0], build)
    return judge(life.household, life.campaign, life.events)


@pytest.mark.slow("lives and judges many homes", short=2)
@pytest.mark.parametrize("name", KNOWN)
def test_a_favour_yields_what_the_page_says(name):
    (said,) = (row for household, row in ROWS.items() if household.startswith(name))
    for build, cell in zip(("plain", "reference"), said[1:], strict=True):
        assert cell == yields(name, build), build


@pytest.mark.parametrize("name", KNOWN)
def test_the_judge_finds_nothing_in_a_favour_that_ends(name):
    outcome = judged(name, "reference")
    assert (outcome.verdict, outcome.findings) == (Verdict.KEPT, ())


def test_an_end_that_was_seen_stays_so_though_the_clock_is_lost():
    """The order comes again on another card, while the lower bound is before it."""
    campaign = load_campaign(SEEN_AND_LOST)
    outcome, _ = rehearsed(campaign.households[0], campaign, events=False)
    assert (outcome.verdict, outcome.findings) == (Verdict.KEPT, ())


def test_the_judge_finds_a_shelter_without_end_though_the_clock_is_right():
    outcome = judged("cuts the power from 07:55 to 16:05", "plain")
    assert FindingKind.WRONG_MONEY in {finding.kind for finding in outcome.findings}
