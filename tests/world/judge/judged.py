"""`make test-judge`: the judge against a second oracle, changed logs and the supply that was seen.

Writes `docs/evidence/judge.md`, and exits with 1 where anything disagrees. Work is spread over the
processors there are, in chunks of seeds; the figures do not depend on how many.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Final, TypeVar

from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import lived, on_build, story
from meter_emu.workers.processes import Processes
from meter_emu.workers.work import Calling
from meter_emu.world.judge.verdict import judge
from meter_emu.world.rehearsal.engine import run_meter
from tests.docs import evidence
from tests.docs.pages import ROOT
from tests.world.judge.changing import changes
from tests.world.judge.denied import denied, sentences
from tests.world.judge.homes import (
    LIMITED_FROM,
    build_of,
    disagreements,
    households,
    room_of,
    stuck,
)
from tests.world.judge.troubled import troubled
from tests.world.judge.unseen import why_unseen

PAGE: Final = ROOT / "docs" / "evidence" / "judge.md"
WANTED: Final = 5_000
SENTENCES: Final = 2_000
CHUNK: Final = 100


@dataclass
class Compared:
    """Homes that the second oracle was asked of; `wrong` is where it said something else."""

    homes: int = 0
    said: Counter[str] = field(default_factory=Counter)
    builds: Counter[str] = field(default_factory=Counter)
    near: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, more: "Compared") -> None:
        self.homes += more.homes
        self.said += more.said
        self.builds += more.builds
        self.near += more.near
        self.wrong += more.wrong

    @property
    def count(self) -> int:
        return self.homes


@dataclass
class Changed:
    """Changes of logs: how many were seen, and why the others were not, by subject."""

    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    unseen: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)

    def add(self, more: "Changed") -> None:
        self.seen += more.seen
        self.unseen += more.unseen
        self.missed += more.missed

    @property
    def count(self) -> int:
        return self.seen.total() + self.unseen.total()


@dataclass
class Accused:
    """Homes with causes of doubt near each other, of the reference; `names` were accused."""

    homes: int = 0
    near: Counter[str] = field(default_factory=Counter)
    names: list[str] = field(default_factory=list)

    def add(self, more: "Accused") -> None:
        self.homes += more.homes
        self.near += more.near
        self.names += more.names

    @property
    def count(self) -> int:
        return self.homes


@dataclass
class Told:
    """Sentences over homes, and those that the supply of the home contradicts."""

    homes: int = 0
    sentences: int = 0
    untrue: list[str] = field(default_factory=list)

    def add(self, more: "Told") -> None:
        self.homes += more.homes
        self.sentences += more.sentences
        self.untrue += more.untrue

    @property
    def count(self) -> int:
        return self.homes


def compared(seeds: Iterable[int]) -> Compared:
    """Ask the second oracle of the homes of these seeds, and of as many with a limiter alone.

    Each is asked of once more as if its switch had never moved: what must be stays.
    """
    result, said = Compared(), Counter[object]()
    seeds = [*seeds, *(LIMITED_FROM + seed for seed in seeds)]
    for one in households(seeds, result.near):
        result.homes += 1
        result.builds[one.household.build] += 1
        result.wrong += disagreements([one], said=said)  # type: ignore[arg-type]
        result.wrong += (f"stuck, {wrong}" for wrong in disagreements(stuck([one])))
    result.said += Counter({str(must): count for must, count in said.items()})
    return result


def changed(seeds: Iterable[int]) -> Changed:
    """Judge logs of the reference after each change by hand."""
    result = Changed()
    for seed in seeds:
        campaign = story(seeded(seed))
        (household,) = campaign.households
        events = run_meter(household, campaign)
        for change in changes(events, campaign, Random(seed)):
            outcome = judge(household, campaign, change.events)
            if outcome.breaches or outcome.findings:
                result.seen[change.subject, change.how] += 1
                continue
            why = why_unseen(household, campaign, events, change)
            result.unseen[change.subject, why or "somebody could"] += 1
            if why is None:
                result.missed.append(f"seed {seed}: {change.subject} {change.how}, {change.place}")
    return result


def accused(seeds: Iterable[int]) -> Accused:
    """Judge homes of the reference with causes of doubt near each other."""
    result = Accused()
    for seed in seeds:
        for run in lived(troubled(seed, result.near)):
            result.homes += 1
            if run.outcome.breaches or run.outcome.findings:
                result.names.append(f"seed {seed}")
    return result


def told(seeds: Iterable[int]) -> Told:
    """Compare every sentence over the homes of these seeds, most with a defect, with the supply."""
    result = Told()
    for seed in seeds:
        campaign = on_build(story(seeded(seed)), build_of(seed))
        (household,) = campaign.households
        events = run_meter(household, campaign)
        outcome = judge(household, campaign, events)
        result.homes += 1
        result.sentences += len(sentences(outcome))
        result.untrue += (
            f"seed {seed}, {household.build}: {wrong}"
            for wrong in denied(outcome, household, events, campaign)
        )
    return result


ResultT = TypeVar("ResultT", Compared, Changed, Accused, Told)


def gathered(work: Callable[[Iterable[int]], ResultT], whole: ResultT, wanted: int) -> ResultT:
    """Do work on chunks of seeds, in order, until there is as much as was wanted."""
    chunks = (range(number * CHUNK, (number + 1) * CHUNK) for number in count())
    with closing(Processes(None).results(Calling(work), chunks)) as results:
        while whole.count < wanted:
            whole.add(next(results))
    return whole


def page(homes: Compared, logs: Changed, free: Accused, words: Told) -> str:
    """Return the page of evidence."""
    decided = homes.said.total() - homes.said["None"]
    defects = len(homes.builds) - 1
    rooms = {room for name, room in room_of().items() if f"reference+{name}" in homes.builds}
    seen, unseen = logs.seen.total(), logs.unseen.total()
    near = ", ".join(f"{place} {count:,}" for place, count in sorted(homes.near.items()))
    measured = [
        ("households checked against the second oracle", f"{homes.homes:,}"),
        ("programs in them", f"the reference, and {defects} defects of {len(rooms)} rooms"),
        ("outages in them, by what they are near", near),
        ("instants asked, and decided", f"{homes.said.total():,}, and {decided:,}"),
        ("households in which both disagree", f"{len(homes.wrong)}"),
        ("households of the reference with causes of doubt near each other", f"{free.homes:,}"),
        ("of these accused of anything", f"{len(free.names)}"),
        ("changes of a log by hand", f"{logs.count:,}"),
        ("of these seen", f"{seen:,}, {100 * seen / logs.count:.1f} %"),
        ("not seen, and nobody could", f"{unseen - len(logs.missed):,}"),
        ("not seen, and somebody could", f"{len(logs.missed)}"),
        ("households of which each sentence was compared with what was seen", f"{words.homes:,}"),
        ("sentences over them", f"{words.sentences:,}"),
        ("of these contradicted by it", f"{len(words.untrue)}"),
    ]  # fmt: skip
    rows = "".join(f"| {what} | {figure} |\n" for what, figure in measured)
    reasons = "".join(
        f"| {subject} | {why} | {count} |\n"
        for (subject, why), count in sorted(logs.unseen.items())
    )
    subjects = "".join(
        f"| {subject} | {sum(n for (of, _), n in logs.seen.items() if of == subject):,} "
        f"| {sum(n for (of, _), n in logs.unseen.items() if of == subject):,} |\n"
        for subject in sorted({subject for subject, _ in (*logs.seen, *logs.unseen)})
    )
    return HEAD + rows + SUBJECTS + subjects + REASONS + reasons


HEAD: Final = """# What the judge sees

Who judges the judge? A second oracle that judges one instant at a time and shares no line with it,
and logs of the reference in which one fact was changed by hand. `make test-judge` writes this.

| measured | figure |
| --- | --- |
"""
SUBJECTS: Final = """
A cut, a restoration and a limiter were taken away, moved by a minute, an hour or a day, or done
once more; a balance in the memory was off by cents or euro, at one event; T1 or T2 on a card was
taken away, moved or made up; the date of a cut on a display was another one.

| changed | seen | not seen |
| --- | --- | --- |
"""
REASONS: Final = """
*u* is how far a clock may be off by its model's own numbers.

| changed | why nobody could see it | how many |
| --- | --- | --- |
"""


def main() -> int:
    """Measure everything, write the page, and say what disagrees."""
    homes = gathered(compared, Compared(), WANTED)
    logs = gathered(changed, Changed(), WANTED)
    free = gathered(accused, Accused(), WANTED)
    words = gathered(told, Told(), SENTENCES)
    PAGE.write_text(page(homes, logs, free, words), "utf-8")
    evidence.write()
    wrong = [*homes.wrong, *logs.missed, *free.names, *words.untrue]
    sys.stdout.write("\n".join([*wrong, PAGE.read_text("utf-8")]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
