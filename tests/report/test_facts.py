"""The stretches of a household's story, each against the events it was made of."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest

from meter_emu.report.facts import Facts, Stretch, facts_of
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.times import us_to_legal
from tests.cells import each_cell
from tests.report.pages import BOTH, EARLY, REFERENCE, ores
from tests.world.judge.case import begins

BUILDS = each_cell("build", [REFERENCE, EARLY, BOTH])


def facts(build: str) -> dict[str, Facts]:
    collector = ores(build)
    firsts = [group.first for group in collector.groups.values()]
    return {seen.household.id: facts_of(seen, collector.campaign) for seen in firsts}


def dated(stretches: Sequence[Stretch], build: str) -> list[tuple[str, str, str]]:
    zone = ores(build).campaign.zone
    return [
        (
            one.what,
            f"{us_to_legal(one.from_us, zone):%d %b %H:%M}",
            f"{us_to_legal(one.to_us, zone):%d %b %H:%M}",
        )
        for one in stretches
    ]


@BUILDS
def test_supply_covers_the_rehearsal_without_a_gap(build):
    campaign = ores(build).campaign
    for story in facts(build).values():
        edges = [(one.from_us, one.to_us) for one in story.supply]
        assert edges[0][0] == campaign.start_us
        assert edges[-1][1] == campaign.end_us
        assert all(a[1] == b[0] for a, b in itertools.pairwise(edges))
        words = [one.what for one in story.supply]
        assert all(a != b for a, b in itertools.pairwise(words))


def test_what_lasted_no_time_is_no_stretch():
    collector = ores(REFERENCE)
    seen = next(iter(collector.groups.values())).first
    at_us = collector.campaign.start_us + 1
    moves = (Event(at_us=at_us, what=what) for what in (What.LIMITED, What.OPENED))
    events = (begins(collector.campaign), *moves)
    story = facts_of(replace(seen, events=events), collector.campaign)
    assert [(one.what, one.from_us) for one in story.supply] == [
        ("on", collector.campaign.start_us),
        ("off", at_us),
    ]


def test_supply_says_who_took_it():
    stories = facts(REFERENCE)
    assert dated(stories["no-power"].supply, REFERENCE) == [
        ("on", "18 Mar 00:00", "03 Jul 20:00"),
        ("no power in the street", "03 Jul 20:00", "04 Jul 10:00"),
        ("on", "04 Jul 10:00", "04 Jul 10:00"),  # the meter starts, then cuts
        ("off", "04 Jul 10:00", "08 Jul 12:00"),
    ]
    limited = dated(stories["limiter"].supply, REFERENCE)
    assert {what for what, _, _ in limited} == {"on", "limited"}
    assert limited[-1] == ("limited", "03 Jul 23:10", "08 Jul 12:00")
    assert [one.what for one in stories["june-29"].supply] == ["on"]


@pytest.mark.slow("rehearses whole campaigns")
def test_the_deferral_stands_as_told_and_as_stated():
    story = facts(EARLY)["never-back"]
    assert dated(story.deferral_promised, EARLY) == [("announced", "02 Apr 10:30", "03 Jul 23:01")]
    assert dated(story.deferral_stated, EARLY) == [("stated", "02 Apr 10:30", "02 Jul 23:01")]
    extended = facts(REFERENCE)["extended"]
    assert dated(extended.deferral_promised, REFERENCE) == [
        ("announced", "23 Mar 09:30", "26 Jun 11:40"),
        ("announced", "26 Jun 11:40", "03 Jul 23:01"),
    ]
    assert dated(extended.deferral_stated, REFERENCE) == [
        ("stated", "23 Mar 09:30", "26 Jun 11:40"),
        ("stated", "26 Jun 11:40", "03 Jul 23:01"),
    ]
    assert not facts(REFERENCE)["never-armed"].deferral_promised


@BUILDS
def test_the_balance_is_what_the_meter_knew_and_rises_at_once(build):
    for name, story in facts(build).items():
        for (before_us, before), (after_us, after) in zip(
            story.balance, story.balance[1:], strict=False
        ):
            assert before_us <= after_us, name
            assert after <= before or before_us == after_us, name


@pytest.mark.slow("rehearses whole campaigns")
def test_what_the_meter_understood_is_what_it_said_before_it_cut():
    story = facts(BOTH)["june-29"]
    assert story.ordered_us is None
    assert story.has_stated
    assert str(story.stated) == "2020-07-02 23:01"
    later = facts(EARLY)["friday"]  # reactivated on 3 July, after the wrong cut
    assert str(later.stated) == "2020-07-02 23:01"
    assert facts(REFERENCE)["friday"].stated is None


@pytest.mark.slow("rehearses whole campaigns")
def test_a_lawful_cut_is_told_apart_from_the_programmed_one():
    story = facts(REFERENCE)["little-credit"]
    assert story.cut_us is None
    assert [event.shown for event in story.other_cuts] == ["OFF: CREDIT EXHAUSTED"]
    assert not facts(REFERENCE)["never-back"].other_cuts
