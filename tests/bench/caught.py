"""What was caught once stays caught: `make power` asks for each of these within its bound.

They are in no catalogue: defects of field reports, mistakes of ours, and held-out ones that became
known. `python -m tests.bench.caught` prints the rows anew; exit status 1 where one is lost.
"""

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Final, NamedTuple

from meter_emu import Campaign
from meter_emu.laws import laws
from meter_emu.laws.judged import promises
from meter_emu.laws.law import Broken, Law, Trial
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import models
from meter_emu.workers.processes import Processes
from meter_emu.workers.work import Calling
from tests.bench.held_out import HELD_OUT
from tests.bench.power import HAZARD_STORIES, POLLS_MAX
from tests.bench.stories import SEED, story_at
from tests.explore.field import REPORTS
from tests.explore.mistakes import OURS

STORIES: Final = 300  # as a session of `verify` has
PROMISES: Final = "promises"  # any law that one judged run shows
KNOWN: Final = (*REPORTS, *OURS, *HELD_OUT)


class Caught(NamedTuple):
    """By which hazard or by any promise, at which story from 1, and how many it may take."""

    law: str
    story: int
    bound: int


def bound_of(story: int) -> int:
    """Return how many stories may be taken by what was caught at one: another draw needs others."""
    return next(bound for bound in (20, 60, 150, STORIES) if 3 * story <= bound or bound == STORIES)


def first(defect_id: str, stories: int = STORIES) -> Caught | None:
    """Return what catches a defect first: a story, or a hazard's in fewer."""
    found: Caught | None = None
    hazards = [law for law in laws().values() if law.hazard]
    for number in range(stories):
        if isinstance(promises(_trial(defect_id, story_at(number, models()))), Broken):
            return Caught(PROMISES, number + 1, bound_of(number + 1))
        for law in hazards if number < HAZARD_STORIES else ():
            if _broken_in(defect_id, law, number):
                return Caught(law.id, number + 1, bound_of(number + 1))
    return found


def still(defect_id: str, row: Caught) -> bool:
    """Whether a defect is caught within its bound, where it was caught before."""
    law = laws().get(row.law)
    if law is None:
        numbers = range(row.bound)
        trials = (_trial(defect_id, story_at(n, models())) for n in numbers)
        return any(isinstance(promises(trial), Broken) for trial in trials)
    return any(_broken_in(defect_id, law, n) for n in range(row.bound))


def _trial(defect_id: str, campaign: Campaign) -> Trial:
    return Trial(replace(campaign, polls_max=POLLS_MAX), f"reference+{defect_id}")


def _broken_in(defect_id: str, law: Law, number: int) -> bool:
    story = law.draw(seeded(f"{SEED}/{law.id}/{number}"), models())
    return isinstance(law.asked(_trial(defect_id, story)), Broken)


def lines() -> Iterator[str]:
    names = list(KNOWN)
    with closing(Processes(None).results(Calling(first), names)) as results:
        for name, one in zip(names, results, strict=True):
            yield f'    "{name}": {one and f"Caught({one.law!r}, {one.story}, {one.bound})"},'


if __name__ == "__main__":
    for line in lines():
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
