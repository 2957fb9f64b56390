"""A verify that was interrupted goes on, and says the same as one that was not."""

from random import Random
from time import monotonic
from typing import Any

import pytest

from meter_emu.verify.report import Report
from meter_emu.verify.run import verify
from meter_emu.workers.results_file import GoOn
from tests.cells import few
from tests.spoiled import spoiled

BUILD = "reference+end-exclusive"
LAWS = ("account", "cut-comes", "never-early", "old-setting")
STORIES = few(100, short=30)


class EndedEarlyError(Exception):
    """Somebody ends it."""


def found(go_on: GoOn | None = None, upto: int = STORIES, **changed: Any) -> Report:
    def hear(stories: int, _examined: object) -> None:
        if stories > upto:
            raise EndedEarlyError

    asked: dict[str, Any] = {"build": BUILD, "law_ids": LAWS, "examples": STORIES, "seed": 5}
    return verify(**asked | changed, go_on=go_on, hear=hear)


@pytest.fixture(scope="module")
def whole() -> Report:
    return found()


@pytest.mark.slow("verifies a few times")
def test_it_goes_on_with_the_same_report(tmp_path, whole):
    said: list[str] = []
    go_on = GoOn(tmp_path / "out.json.checkpoint", said.append)
    with pytest.raises(EndedEarlyError):
        found(go_on, upto=20)
    assert found(go_on) == whole
    assert found(go_on) == whole
    assert said == [f"{go_on.path}: {stories} stories are done" for stories in (20, STORIES)]


@pytest.mark.slow("verifies a few times", short=1)
@pytest.mark.parametrize(
    "changed",
    [{"build": "reference"}, {"seed": 6}, {"law_ids": LAWS[:-1]}, {"examples": STORIES - 20}],
)
def test_what_was_left_of_another_counts_for_nothing(tmp_path, changed):
    said: list[str] = []
    go_on = GoOn(tmp_path / "out.json.checkpoint", said.append)
    found(go_on)
    assert found(go_on, **changed) == found(**changed)
    assert said == []


@pytest.mark.slow("verifies twice")
def test_the_time_that_was_spent_counts(tmp_path):
    go_on = GoOn(tmp_path / "out.json.checkpoint", lambda _words: None)
    began_s = monotonic()
    with pytest.raises(EndedEarlyError):
        found(go_on, upto=20, examples=None, deadline_s=600.0)
    took_s = monotonic() - began_s
    assert found(go_on, examples=None, deadline_s=took_s / 4).stories == 20


@pytest.mark.slow("verifies many times", short=1)
@pytest.mark.parametrize("seed", range(4))
def test_a_spoiled_file_changes_no_report(tmp_path, whole, seed):
    go_on, chance = GoOn(tmp_path / "out.json.checkpoint", lambda _words: None), Random(seed)
    found(go_on)
    left = go_on.path.read_bytes()
    for _ in range(few(10, short=1)):
        go_on.path.write_bytes(spoiled(left, chance))
        assert found(go_on) == whole
