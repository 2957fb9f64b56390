"""The answer of a rehearsal in French and Dutch: whole, and with the same numbers."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from meter_emu.cli.app import cli
from meter_emu.languages.speech import speaking, speech_of
from meter_emu.languages.tables import SPOKEN
from meter_emu.resources import built_in, find
from meter_emu.world.judge.answer import HouseholdCounts
from meter_emu.world.judge.repairs import REPAIRS
from meter_emu.world.judge.sentences import ALWAYS_SUPPLIED, AT_END, LIVED_OTHERWISE
from meter_emu.world.judge.verdicts import Lived, RepairName
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.fleet import rehearsed
from tests.campaigns import FLEETS
from tests.cells import each_cell
from tests.languages.pseudo import PSEUDO, left_over
from tests.planner.test_languages import numbers_in

NAMES = sorted(set(built_in("campaigns")) - FLEETS)


def answers(name: str, build: str) -> Iterator[HouseholdCounts]:
    """Yield the counts of a campaign that has ended, and of one that goes on."""
    campaign = load_campaign(find("campaigns", name), build=build)
    runs = [(one, rehearsed(one, campaign, events=False)[0]) for one in campaign.households]
    for so_far in (False, True):
        counts = HouseholdCounts(campaign, so_far=so_far)
        for household, outcome in runs:
            counts.add(household, outcome)
        yield counts


@pytest.mark.slow("whole built-in campaigns")
@each_cell("build", ["reference", "reference+end-exclusive"], short=1)
@each_cell("name", NAMES, short=1)
def test_an_answer_has_the_same_numbers_in_every_language(name, build):
    ids = [one.id for one in load_campaign(find("campaigns", name)).households]
    for counts in answers(name, build):
        english = counts.answer.said
        wanted = [numbers_in(one, speech_of("en")) for one in english]
        for code in SPOKEN[1:]:
            with speaking(speech := speech_of(code)):
                said = counts.answer.said
            assert [numbers_in(one, speech) for one in said] == wanted
            assert not set(said) & set(english)
        with speaking(PSEUDO):
            said = counts.answer.said
        for one in said:
            assert left_over(one, ids) == [], one


def test_every_sentence_that_is_chosen_has_its_place():
    assert set(ALWAYS_SUPPLIED) == set(AT_END) == {(a, b) for a in (0, 1) for b in (0, 1)}
    assert set(LIVED_OTHERWISE) == set(Lived)
    assert set(REPAIRS) == set(RepairName)


@pytest.mark.slow("rehearses a campaign three times")
def test_json_and_exit_status_know_no_language(tmp_path):
    found, said = set(), set()
    for code in SPOKEN:
        path = tmp_path / f"{code}.json"
        words = ["rehearse", "resa-2020-06", "--language", code, "--json", str(path), "--jobs", "1"]
        done = CliRunner().invoke(cli, words, standalone_mode=False)
        assert done.exception is None
        found.add((path.read_bytes(), done.return_value))
        said.add(done.stdout.partition("\n")[0])
    assert len(found) == 1
    assert len(said) == 3
