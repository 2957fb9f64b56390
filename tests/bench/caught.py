"""What was caught once stays caught: `make power` asks for each of these within its bound.

They are in no catalogue: defects of field reports, mistakes of ours, and held-out ones that became
known. `python -m tests.bench.caught` asks for each row, with exit status 1 where one is lost;
`python -m tests.bench.caught anew ID...` prints rows as they are now.
"""

import sys
from collections.abc import Iterator, Sequence
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
from tests.explore.field import REPORTS, entered
from tests.explore.mistakes import OURS

STORIES: Final = 300  # as a session of `verify` has
PROMISES: Final = "promises"  # any law that one judged run shows
KNOWN: Final = {**REPORTS, **OURS, **HELD_OUT}
ANEW: Final = "anew"
_BOUNDS: Final = (20, 60, 150, STORIES, 3 * STORIES)  # ours


class Caught(NamedTuple):
    """By which hazard or by any promise, at which story from 1, and how many it may take."""

    law: str
    story: int
    bound: int


CAUGHT: Final = {
    "nine-for-twenty-nine": Caught(PROMISES, 110, 900),
    "second-of-december": Caught(PROMISES, 4, 20),
    "signature-ended": Caught(PROMISES, 1, 20),
    "new-year-stuck": Caught("clock-card-at-midnight", 1, 20),
    "one-shot-new-year": Caught("clock-card-at-midnight", 1, 20),
    "in-its-second": Caught("clock-card-at-midnight", 1, 20),
    "tenths-since-2000": Caught("woken", 11, 60),
    "days-left-rounded": Caught(PROMISES, 1, 20),
    "season-letter": Caught("clocks-change", 1, 20),
    "yesterday-branch": Caught("clocks-change", 1, 20),
    "a-year-on": Caught("fails-again", 1, 20),
    "grossly-in-the-future": Caught(PROMISES, 1, 20),
    "overflow-71-min": Caught(PROMISES, 1, 20),
    "century-of-the-chip": Caught(PROMISES, 1, 20),
    "limiter-lost-with-prices": Caught(PROMISES, 19, 60),
    "prepaid-once-reactivated": Caught(PROMISES, 92, 300),
    "load-lost-while-postpaid": Caught(PROMISES, 52, 300),
    "debt-paid-twice": Caught(PROMISES, 296, 900),
    "second-card-lasts": Caught(PROMISES, 5, 20),
    "two-back-is-fresh": Caught(PROMISES, 23, 150),
    "loads-by-thousands": Caught("two-offices", 1, 20),
    "cents-in-24-bits": Caught("many-loads", 7, 60),
    "cards-in-8-bits": Caught("replaced-card", 1, 20),
    "cards-in-7-bits": Caught("replaced-card", 1, 20),
    "order-in-31-bits": Caught("older-copy", 4, 20),
    "order-in-15-bits": Caught("cut-at-step", 1, 20),
    "limiter-drops-the-cut": Caught(PROMISES, 2, 20),
    "prices-of-higher-numbers": Caught(PROMISES, 26, 150),
    "second-prices-forgotten": Caught("record-put-back", 1, 20),
    "set-and-undeferred": Caught("clock-card-at-midnight", 1, 20),
    "limiter-feeds-the-cut": Caught(PROMISES, 80, 300),
    "last-minute": Caught("old-clock-card", 2, 20),
    "fields-set-one-by-one": Caught("clock-card-at-midnight", 3, 20),
    "clock-card-to-the-nearest-minute": Caught(PROMISES, 116, 900),
    "write-race": Caught("used-without-time", 1, 20),
}
# What no story caught, and why it harms nobody, or where it is caught instead.
NOT_CAUGHT: Final = {
    "whole-hours": "no zone of ours has half hours",
    "gap-skipped": "no right office writes an end in the hour that is skipped",
    "gap-endless": "no right office writes an end in the hour that is skipped",
    "fold-silent": "silent for one hour of a year; explore shows it where it is looked for",
    "strictly-after": "it is a look late, and a right meter may be as late",
    "leap-second-early": "a second, within what a right clock is off; a scope of its own shows it",
    "set-and-fed": "the cut is latched again at the same look, before the switch can move",
}


def bound_of(story: int) -> int:
    """Return how many stories may be taken by what was caught at one: another draw needs others."""
    return next(bound for bound in _BOUNDS if 3 * story <= bound)


def first(defect_id: str) -> Caught | None:
    """Return what catches a defect first: a story, or a hazard's."""
    hazards = [law for law in laws().values() if law.hazard]
    with entered({defect_id: KNOWN[defect_id]}):
        for number in range(STORIES):
            if isinstance(promises(_trial(defect_id, story_at(number, models()))), Broken):
                return Caught(PROMISES, number + 1, bound_of(number + 1))
            for law in hazards if number < HAZARD_STORIES else ():
                if _broken_in(defect_id, law, number):
                    return Caught(law.id, number + 1, bound_of(number + 1))
    return None


def still(defect_id: str, row: Caught) -> bool:
    """Whether a defect is caught within its bound, by what it was caught before."""
    with entered({defect_id: KNOWN[defect_id]}):
        if row.law == PROMISES:
            trials = (_trial(defect_id, story_at(n, models())) for n in range(row.bound))
            return any(isinstance(promises(trial), Broken) for trial in trials)
        return any(_broken_in(defect_id, laws()[row.law], n) for n in range(row.bound))


def asked(defect_id: str) -> bool:
    """Whether a defect of the list is caught within its bound."""
    return still(defect_id, CAUGHT[defect_id])


def _trial(defect_id: str, campaign: Campaign) -> Trial:
    return Trial(replace(campaign, polls_max=POLLS_MAX), f"reference+{defect_id}")


def _broken_in(defect_id: str, law: Law, number: int) -> bool:
    story = law.draw(seeded(f"{SEED}/{law.id}/{number}"), models())
    return isinstance(law.asked(_trial(defect_id, story)), Broken)


def anew(names: Sequence[str]) -> Iterator[str]:
    """Yield rows as they are now."""
    with closing(Processes(None).results(Calling(first), names)) as results:
        for name, one in zip(names, results, strict=True):
            said = None if one is None else f"Caught({one.law!r}, {one.story}, {one.bound})"
            yield f"    {name!r}: {said},"


def lost() -> Iterator[str]:
    """Yield which of the list are caught no more."""
    with closing(Processes(None).results(Calling(asked), list(CAUGHT))) as results:
        for name, caught in zip(CAUGHT, results, strict=True):
            if not caught:
                yield name


def said() -> int:
    """Print what is asked for; return the exit status."""
    if sys.argv[1:2] == [ANEW]:
        for line in anew(sys.argv[2:] or list(KNOWN)):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        return 0
    gone = list(lost())
    of = len(CAUGHT)
    caught = f"caught once, and still: {of - len(gone)} of {of}"
    sys.stdout.write(f"{caught}{'; lost: ' if gone else ''}{', '.join(gone)}\n")
    return bool(gone)


if __name__ == "__main__":
    sys.exit(said())
