"""Equal households: what a class is, that one of it speaks for all, and what ends that."""

from collections import Counter
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from meter_emu.defects import ENTRIES, catalogue
from meter_emu.resources import find
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.rehearsal import fleet
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.classes import CLASSES_TRIED, CLASSES_TRIED_PART, classes_of
from meter_emu.world.rehearsal.fleet import Run, rehearse_all
from meter_emu.world.rehearsal.sample import sampled
from meter_emu.world.rehearsal.travelling import HouseholdResult
from tests.bench.fleet import scaled
from tests.campaigns import head
from tests.world.rehearsal import odd_numbers

FLEET = load_campaign(find("campaigns", "ores-fleet"))
HOME = """[[household]]
id = "{id}"
kind = "armed"
count = {count}
balance_eur = 20
load_w = {load_w}
poll_phase_us = {phase_us}
{keys}
visits = [
  {{ at = 2020-07-03T14:00:00, desk = ["defer", "cut"] }},
  {{ at = 2020-07-03T14:30:00, insert = true }},{visit}
]
"""


def home(
    name: str,
    count: int = 1,
    *,
    keys: str = "",
    visit: str = "",
    load_w: int = 1,
    phase_us: int = 7,
) -> str:
    """Return a household; at 1 W its copies have a load of 0 or 1 W."""
    return HOME.format(
        id=name, count=count, keys=keys, visit=visit, load_w=load_w, phase_us=phase_us
    )


def day(folder: Path, *homes: str, build: str = "reference") -> Campaign:
    path = folder / "day.toml"
    lines = head("a day", "2020-07-03T12:00:00", "2020-07-04T12:00:00", f'build = "{build}"')
    path.write_text(lines + "".join(homes), "utf-8")
    return load_campaign(path)


def blank(household: Household) -> Household:
    return replace(household, id="", meter_id=0)


def in_classes(campaign: Campaign) -> list[int]:
    """Return for each household the place of the first that is equal to it, by comparing all."""
    firsts: dict[Household, int] = {}
    blanks = map(blank, campaign.households)
    return [firsts.setdefault(one, place) for place, one in enumerate(blanks)]


def plain(runs: list[Run]) -> list[tuple[Household, Outcome]]:
    return [(run.household, run.outcome) for run in runs]


@pytest.mark.slow("draws some thousand homes")
def test_a_class_is_all_of_a_household_but_name_and_number(tmp_path):
    small = load_campaign(scaled(tmp_path, 3_000))
    drawn = [sampled(FLEET, 700)[0], small, day(tmp_path, home("a", 30), home("b", 5), home("c"))]
    for campaign in drawn:
        classes, want = classes_of(campaign, ()), in_classes(campaign)
        alone = {
            place for place, one in enumerate(campaign.households) if one.outages
        }  # a power failure draws by the name
        assert [first for place, first in enumerate(classes.first_of) if place not in alone] == [
            first for place, first in enumerate(want) if place not in alone
        ]
        assert all(classes.first_of[place] == place for place in alone)
        assert len(set(want)) < len(want)


@pytest.mark.slow("draws the whole fleet")
def test_the_fleet_is_a_tenth_of_itself_and_each_of_its_kinds_is_tried():
    classes = classes_of(FLEET, ())
    firsts = list(classes.firsts)
    assert 5_000 < len(firsts) < 5_500
    pairs = classes.tried(FLEET)
    assert len(pairs) == CLASSES_TRIED
    kinds = Counter(FLEET.households[pair.other].kind for pair in pairs)
    with_equals = {
        FLEET.households[place].kind
        for place, first in enumerate(classes.first_of)
        if place != first
    }
    assert kinds.keys() == with_equals
    assert max(kinds.values()) - min(kinds.values()) <= CLASSES_TRIED // len(kinds)
    for pair in pairs:
        assert pair.first != pair.other
        assert blank(FLEET.households[pair.first]) == blank(FLEET.households[pair.other])


@pytest.mark.parametrize(
    ("keys", "visit"),
    [
        ("outages = [{ from = 2020-07-03T15:00:00, to = 2020-07-03T16:00:00 }]", ""),
        ("", "\n  { at = 2020-07-03T15:00:00, clock_card = true, meter_id = 541000000003 },"),
    ],
    ids=["power fails", "a card for one number"],
)
def test_what_depends_on_name_or_number_is_lived_each(tmp_path, keys, visit):
    campaign = day(tmp_path, home("a", 8, keys=keys, visit=visit))
    assert list(classes_of(campaign, ()).first_of) == list(range(8))
    assert len(set(in_classes(campaign))) < 8


def test_a_foreign_program_is_lived_each_and_so_is_a_build_that_is_not_shared(tmp_path):
    homes = home("a", 6), home("b", 6, keys='build = "tests.world.rehearsal.failing:Healthy"')
    campaign = day(tmp_path, *homes)
    first_of = list(classes_of(campaign, ()).first_of)
    assert len(set(first_of[:6])) < 6
    assert first_of[6:] == list(range(6, 12))
    assert list(classes_of(campaign, {"reference"}).first_of) == list(range(12))


@pytest.mark.slow("lives a few hundred homes", short=1)
@pytest.mark.parametrize("build", ["reference", "plain+end-exclusive"])
def test_the_runs_are_those_of_living_each(tmp_path, monkeypatch, build):
    homes = home("a", 50), home("b", 20, load_w=700), home("c"), home("d", 1, phase_us=8)
    campaign = day(tmp_path, *homes, build=build)
    said: list[str] = []
    each = plain(list(rehearse_all(campaign, jobs=1, events=False, census=True)))
    assert [household for household, _ in each] == list(campaign.households)
    monkeypatch.setattr(fleet, "ALONE_MAX", 4)  # so that there is work for processes
    for jobs in (1, 2):
        runs = list(rehearse_all(campaign, jobs=jobs, events=False, say=said.append))
        assert plain(runs) == each
    assert said == []


@pytest.mark.slow("lives 200 homes")
def test_of_equal_homes_one_is_lived_and_some_seconds_to_try_it(tmp_path, monkeypatch):
    campaign = day(tmp_path, home("a", 200))
    lived: list[str] = []
    live = fleet.rehearsed

    def noted(household: Household, *rest: Any, **more: Any) -> HouseholdResult:
        lived.append(household.id)
        return live(household, *rest, **more)

    monkeypatch.setattr(fleet, "rehearsed", noted)
    count = len(list(rehearse_all(campaign, jobs=1, events=False)))
    assert count == 200
    assert len(lived) == 2 + 2, "no load and 1 W, and a second of each"
    assert len(lived) - 2 <= count // CLASSES_TRIED_PART
    lived.clear()
    list(rehearse_all(campaign, jobs=1, events=False, census=True))
    assert len(lived) == 200


@pytest.mark.slow("lives some dozens of homes")
def test_equal_homes_that_end_differently_are_each_lived_and_it_is_said_once(tmp_path, monkeypatch):
    monkeypatch.setitem(catalogue(), "odd-numbers", ENTRIES[odd_numbers.__name__])
    homes = home("a", 30), home("b", 40, keys='build = "reference+odd-numbers"', load_w=3)
    campaign, said = day(tmp_path, *homes), list[str]()
    runs = plain(list(rehearse_all(campaign, jobs=1, events=False, say=said.append)))
    assert runs == plain(list(rehearse_all(campaign, jobs=1, events=False, census=True)))
    verdicts = [outcome.verdict for household, outcome in runs if household.build != "reference"]
    assert len(list(groupby(verdicts))) > 2, "odd and even numbers by turns"
    (line,) = said
    assert line.startswith("reference+odd-numbers: b-")
    assert line.endswith(" are equal, but ended differently")
