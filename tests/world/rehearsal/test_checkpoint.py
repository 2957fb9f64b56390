"""An interrupted rehearsal goes on with the same result; what is spoiled is not believed."""

from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from meter_emu.world.households.campaign import Campaign
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.rehearsal import fleet
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.checkpoint import Checkpoint
from meter_emu.world.rehearsal.fleet import Run, rehearse_all
from meter_emu.world.rehearsal.travelling import HouseholdResult
from tests.campaigns import head
from tests.spoiled import spoiled

HOMES = """[[household]]
id = "armed"
kind = "armed"
count = {count}
balance_eur = 20
load_w = 700
visits = [
  {{ at = 2020-07-03T14:00:00, desk = ["defer", "cut"] }},
  {{ at = 2020-07-03T14:30:00, insert = true }},
]
"""
MUTATIONS = 200  # of each seed


def written(folder: Path, count: int) -> Path:
    path = folder / "day.toml"
    start = head("a day", "2020-07-03T12:00:00", "2020-07-04T12:00:00")
    path.write_text(start + HOMES.format(count=count), "utf-8")
    return path


def runs(campaign: Campaign, checkpoint: Checkpoint | None) -> Generator[Run, None, None]:
    return rehearse_all(campaign, jobs=1, events=False, census=True, checkpoint=checkpoint)


@pytest.mark.slow("lives a few hundred homes")
def test_a_rehearsal_goes_on_where_it_was_interrupted(tmp_path, monkeypatch):
    campaign, said = load_campaign(written(tmp_path, 70)), list[str]()
    whole = list(runs(campaign, None))
    path = tmp_path / "out.json.checkpoint"
    lived: list[str] = []
    live = fleet.Rehearsing.lived

    def noted(work: fleet.Rehearsing, place: int) -> HouseholdResult:
        lived.append(work.campaign.households[place].id)
        return live(work, place)

    monkeypatch.setattr(fleet.Rehearsing, "lived", noted)
    for upto in (3, 30, 70):
        with closing(runs(campaign, Checkpoint(path, said.append))) as some:
            assert list(islice(some, upto)) == whole[:upto]
    assert lived == [household.id for household in campaign.households], "each once"
    assert said == [f"{path}: 3 of 70 are done", f"{path}: 30 of 70 are done"]
    other = load_campaign(written(tmp_path, 70), build="reference+end-exclusive")
    assert list(runs(other, Checkpoint(path, said.append))) == list(runs(other, None))
    assert len(said) == 2, "another build goes on from nothing"
    Checkpoint(path, said.append).remove()
    assert not path.exists()


def test_what_can_change_unseen_is_not_kept(tmp_path):
    text = written(tmp_path, 70).read_text("utf-8")
    (tmp_path / "day.toml").write_text(
        text.replace('kind = "armed"', 'kind = "armed"\nimage = "no.image"')
    )
    campaign = load_campaign(tmp_path / "day.toml")
    path = tmp_path / "out.json.checkpoint"
    with pytest.raises(Exception, match="cannot be read"):
        next(runs(campaign, Checkpoint(path, print)))
    assert not path.exists()


@pytest.mark.slow("spoils a file many times", short=1)
@pytest.mark.parametrize("seed", range(50))
def test_a_spoiled_file_costs_time_and_changes_no_result(tmp_path, seed):
    campaign = load_campaign(written(tmp_path, 6))
    places, path = range(6), tmp_path / "out.json.checkpoint"
    right = [run.outcome for run in rehearse_all(campaign, jobs=1, events=False, census=True)]
    asked: list[int] = []

    def results(left: Sequence[int]) -> Generator[Outcome, None, None]:
        asked.append(len(left))
        yield from (right[place] for place in left)

    def outcomes() -> list[Outcome]:
        return list(Checkpoint(path, lambda _words: None).through(campaign, places, results))

    assert outcomes() == right
    whole, chance = path.read_bytes(), Random(seed)
    assert outcomes() == right
    assert asked == [6, 0]
    for _ in range(MUTATIONS):
        path.write_bytes(spoiled(whole, chance))
        assert outcomes() == right
        assert path.read_bytes().startswith(whole)
    assert set(asked) == set(range(7)), "each outcome was believed alone, and none"


def test_a_result_of_somebody_else_is_seen(tmp_path):
    """The digest is over the line: with one left as it was, another outcome does not count."""
    campaign = load_campaign(written(tmp_path, 2))
    right = [run.outcome for run in rehearse_all(campaign, jobs=1, events=False, census=True)]
    path = tmp_path / "out.json.checkpoint"

    def results(left: Sequence[int]) -> Generator[Outcome, None, None]:
        yield from (right[place] for place in left)

    list(Checkpoint(path, print).through(campaign, range(2), results))
    raw = path.read_bytes()
    assert raw.count(b"on_time") == 2
    path.write_bytes(raw.replace(b"on_time", b"early", 1))
    assert list(Checkpoint(path, print).through(campaign, range(2), results)) == right
    said: list[str] = []
    again = Checkpoint(path, said.append).through(campaign, range(2), results)
    assert [next(again), next(again)] == right, "and nobody asks for a third"
    assert said == [f"{path}: 2 of 2 are done"]
