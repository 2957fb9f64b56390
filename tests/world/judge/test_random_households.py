"""The reference keeps its promise in any story, and a judge that forgets a rule is found out.

The suite lives through some; `make test-homes` through 20,000, on the processors there are.
"""

import os
from collections import Counter

import pytest

from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import lived, on_build, story
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.events import What
from tests.cells import few
from tests.world.judge.judged import accused
from tests.world.judge.troubled import troubled

HOMES = int(os.environ.get("METER_EMU_HOMES", few(200, short=60)))
AT_ONCE = max(100, HOMES // 8)  # ours: parts for the processors there are
RIGHT = {Verdict.KEPT, Verdict.ON_TIME, Verdict.HELD, Verdict.NOT_SEEN}


@pytest.mark.slow("lives and judges many homes")
@pytest.mark.parametrize("first", range(0, HOMES, AT_ONCE))
def test_no_story_breaks_a_promise_of_the_reference_and_nothing_is_found(first):
    came: Counter[Verdict] = Counter()
    for seed in range(first, min(first + AT_ONCE, HOMES)):
        for run in lived(story(seeded(seed))):
            outcome = run.outcome
            assert (outcome.breaches, outcome.findings) == ((), ()), f"seed {seed}"
            came[outcome.verdict] += 1
    assert set(came) <= RIGHT
    assert came[Verdict.ON_TIME] > AT_ONCE // 5  # that there is something to be right about
    assert came[Verdict.KEPT] > AT_ONCE // 5


@pytest.mark.slow("lives and judges many homes")
def test_no_cause_of_doubt_near_another_accuses_the_reference():
    """`make test-judge` has 5,000 of them."""
    found = accused(range(60))
    assert found.names == []
    for place, rate in {"card": 2, "step": 8, "outage": 15}.items():
        assert found.near[place] > found.homes / rate, place


@pytest.mark.slow("lives and judges many homes")
@pytest.mark.parametrize("defect", ["end-exclusive", "reactivation-clears-one"])
def test_the_same_stories_find_a_defect(defect):
    stories = (on_build(story(seeded(seed)), f"reference+{defect}") for seed in range(60))
    broken = [run.outcome.verdict for shown in stories for run in lived(shown)
              if run.outcome.breaches]  # fmt: skip
    assert len(broken) >= 5
    assert {Verdict.EARLY, Verdict.WRONGLY_CUT, Verdict.NOT_RESTORED} & set(broken)


def test_a_clock_set_late_gives_the_meter_its_time_again():
    """Seed 4107 of 20,000: u was over an hour, and a clock card at 08:21 made it a minute."""
    (run,) = lived(story(seeded(4107)))
    assert run.outcome.findings == ()
    assert any(event.what is What.CLOCK_SET for event in run.events)


def test_a_switch_that_moved_in_a_poll_that_power_cut_moved_before_the_power_was_lost():
    (run,) = lived(troubled(3_470, Counter()))
    assert (run.outcome.breaches, run.outcome.findings) == ((), ())
    closed = next(event for event in run.events if event.what is What.CLOSED)
    lost = next(event for event in run.events if event.what is What.POWER_LOST)
    assert closed.at_us < lost.at_us
    assert closed.balance_ueur == lost.balance_ueur, "nothing has flowed since"


def test_a_key_that_is_held_over_the_cut_has_asked():
    (run,) = lived(story(seeded(10_482)))
    assert (run.outcome.breaches, run.outcome.findings) == ((), ())
    first = [event.what for event in run.events if event.what in {What.OPENED, What.CLOSED}][:2]
    assert first == [What.OPENED, What.CLOSED], "it cut, and the hand was still there"
