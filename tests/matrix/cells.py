"""One row of the kill matrix: what each law says of one defect, on so many stories.

Stories are those that `verify` draws of the seed, and each law is asked of those that `verify` asks
it of. The reference's run is taken from a full one of every hundredth story in which the shadow saw
no difference: there must be none.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any, Final, NamedTuple

from meter_emu.defects import Defect, catalogue
from meter_emu.domain import DeviceName
from meter_emu.errors import ConfigError
from meter_emu.laws import laws
from meter_emu.laws.law import Aside, Broken, DrawStory, Finding, Law, Trial
from meter_emu.stories.chooser import Chooser, Replayed, seeded
from meter_emu.stories.story import models
from meter_emu.verify.shrinking import Tape, shrunk
from meter_emu.world.judge.verdicts import MEANING, Verdict
from meter_emu.world.rehearsal.campaign_toml import campaign_toml
from tests.matrix.shadow import Shadow, fresh_parts, shadowed

POLLS_MAX: Final = 1_000  # ours: of a home; the reference has 400 at most, in 300 stories
ONE_IN_MAX: Final = 10  # ours: so often every law is asked, of whatever costs
DECLARED_MAX: Final = 1_000  # ours: for the law that a defect names, until that kills
INFECTED_MAX: Final = 10  # ours: a law that holds on so many stories with a difference survives
CHECKED_ONE_IN: Final = 100


class Word(Enum):
    """What a law says of a defect."""

    KILLED = "killed"
    CRASHED = "crashed"
    HUNG = "hung"
    SURVIVED = "survived"
    NOT_INFECTED = "not infected"
    NOT_REACHED = "not reached"


@dataclass(slots=True)
class Cell:
    """One law and one defect: on how many stories it was asked, and what was seen.

    `reached` and `infected` count stories on which the law had something to say; `after` is the
    number of stories asked up to the one that killed, `story` that one's number.
    """

    asked: int = 0
    reached: int = 0
    infected: int = 0
    crashed: int = 0
    hung: int = 0
    after: int | None = None
    story: int | None = None

    @property
    def word(self) -> Word:
        """The one word for it."""
        if self.after is not None:
            return Word.KILLED
        if self.infected:
            return Word.SURVIVED
        if self.crashed or self.hung:
            return Word.CRASHED if self.crashed >= self.hung else Word.HUNG
        return Word.NOT_INFECTED if self.reached else Word.NOT_REACHED


def row(
    defect_id: str, *, stories: int, seed: int, declared_max: int = DECLARED_MAX
) -> dict[str, Any]:
    """Return the row of a defect as plain data."""
    defect = catalogue()[defect_id]
    cells = {law_id: Cell() for law_id in laws(defect.device)}
    tapes: dict[str, Tape] = {}
    checked = 0
    with shadowed(defect) as shadow:
        asking = _Asking(defect, seed, shadow, cells, tapes)
        for group in _groups(defect.device).values():
            checked += asking.stories(group, range(stories))
        checked += asking.stories([laws(defect.device)[defect.law]], range(stories, declared_max))
    quickest = min(tapes, key=lambda name: cells[name].after or 0, default=None)
    by = defect.law if defect.law in tapes else quickest
    return {
        "cells": {name: {"word": cell.word.value, **asdict(cell)} for name, cell in cells.items()},
        "checked": checked,
        "shown_by": by,
        "campaign": by and _small(laws(defect.device)[by], tapes[by], defect.build),
    }


class _Asking(NamedTuple):
    """Asks laws of stories of one defect; what they say goes into the cells and tapes."""

    defect: Defect
    seed: int
    shadow: Shadow
    cells: dict[str, Cell]
    tapes: dict[str, Tape]

    def stories(self, group: list[Law], numbers: range) -> int:
        """Ask laws that draw alike; return how often a run of the reference was the same."""
        checked = 0
        for number in numbers:
            asked = [
                law
                for law in group
                if number % min(law.one_in, ONE_IN_MAX) == 0 and self._is_open(law)
            ]
            if not asked:
                continue
            draw = asked[0].draw
            chooser = seeded(f"{self.seed}/{draw.__name__}/{number}", number)
            trial = _trial(draw, chooser, self.defect.build, self.defect.device)
            for law, finding in _findings(asked, trial, self.shadow):
                _note(self.cells[law.id], finding, number, self.shadow)
                if isinstance(finding, Broken):
                    self.tapes[law.id] = tuple(chooser.tape)
            if number % CHECKED_ONE_IN == 0 and not self.shadow.infected:
                checked += 1
                right = _trial(draw, Replayed(chooser.tape), "reference", self.defect.device)
                assert right.run.events == trial.run.events, (self.defect.id, draw, number)
        return checked

    def _is_open(self, law: Law) -> bool:
        """Whether more stories may say more: the law that the defect names has to kill it."""
        cell = self.cells[law.id]
        return cell.after is None and (cell.infected < INFECTED_MAX or law.id == self.defect.law)


def _groups(device: DeviceName) -> dict[DrawStory, list[Law]]:
    """Return the laws of a device by the stories that they share."""
    groups: dict[DrawStory, list[Law]] = {}
    for law in laws(device).values():
        groups.setdefault(law.draw, []).append(law)
    return groups


def _trial(draw: DrawStory, chooser: Chooser, build: str, device: DeviceName) -> Trial:
    fresh_parts()
    return Trial(replace(draw(chooser, models(device)), polls_max=POLLS_MAX), build)


def _findings(asked: list[Law], trial: Trial, shadow: Shadow) -> Iterator[tuple[Law, Finding]]:
    """Yield what each law says; the shadow then is that of the runs that this law has seen."""
    shadow.reached = shadow.infected = False
    with suppress(ConfigError):  # each law says that the office cannot write the card
        _ = trial.run
    shared = shadow.reached, shadow.infected
    for law in asked:
        shadow.reached, shadow.infected = shared
        yield law, law.asked(trial)
        assert shadow.fault is None, shadow.fault
    shadow.reached, shadow.infected = shared


def _note(cell: Cell, finding: Finding, number: int, shadow: Shadow) -> None:
    cell.asked += 1
    if isinstance(finding, Aside):
        cell.crashed += finding.why == MEANING[Verdict.CRASHED]
        cell.hung += finding.why == MEANING[Verdict.HUNG]
        return
    cell.reached += shadow.reached
    cell.infected += shadow.infected
    if isinstance(finding, Broken):
        cell.after, cell.story = cell.asked, number


def _small(law: Law, tape: Tape, build: str) -> str:
    """Return the story made small, as a campaign file."""

    def breaks(tried: Tape) -> Tape | None:
        chooser = Replayed(tried)
        finding = law.asked(_trial(law.draw, chooser, build, law.device))
        return tuple(chooser.tape) if isinstance(finding, Broken) else None

    small, _ = shrunk(tape, breaks)
    trial = _trial(law.draw, Replayed(small), build, law.device)
    finding = law.asked(trial)
    assert isinstance(finding, Broken), "a story is the same whenever it is lived"
    return campaign_toml(replace(finding.campaign or trial.campaign, polls_max=None))
