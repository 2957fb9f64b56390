"""The stories that are drawn for measuring: the same ones for every defect, tree and machine."""

from collections.abc import Sequence
from time import process_time
from typing import Final

from meter_emu import Campaign
from meter_emu.laws.law import Trial
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import ModelAndCards, story
from meter_emu.world.meter.bench import Bench

SEED: Final = 20200703


def story_at(number: int, kits: Sequence[ModelAndCards]) -> Campaign:
    """Return the story of a number on the meters and cards given, on any if there are none."""
    return story(seeded(f"{SEED}/{number}", number), kits)


def pace(count: int) -> tuple[float, float]:
    """Return wakes a story, and stories that are drawn, lived and judged a second on one core."""
    polls: list[Bench] = []
    for number in range(count):
        trial = Trial(story_at(number, ()), "reference")
        trial.events(trial.household, prepare=polls.append)
    began = process_time()
    for number in range(count):
        _ = Trial(story_at(number, ()), "reference").run
    return sum(bench.polls for bench in polls) / count, count / (process_time() - began)
