"""How many stories it takes until a defect is caught: `make power` writes power.md and power.json.

Each defect is asked for in its stratum, the meters and cards on which it can show (`needs`), which
are dealt in turn. The stories are a fixed set, the same for every defect. A story catches it where
any promise is broken in one run of it, and a hazard where its law is broken.
"""

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from itertools import product
from math import inf, log, sqrt
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from meter_emu import Campaign
from meter_emu.defects import ENTRIES, Defect, catalogue, defects_of
from meter_emu.domain import BUDGET
from meter_emu.errors import ConfigError
from meter_emu.laws import laws
from meter_emu.laws.judged import promises
from meter_emu.laws.law import Broken, Law, Trial
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import ModelAndCards, models, story
from meter_emu.verify.program import traits
from meter_emu.workers.processes import Processes
from meter_emu.workers.work import Calling
from tests.bench.plain import PlainHome, plain_homes, plain_story
from tests.bench.stories import SEED, pace, story_at
from tests.interrupted import run_or_interrupted

EVIDENCE = Path(__file__).parents[2] / "docs" / "evidence"
STORIES = 1_000
ENOUGH = 12  # kills after which no more stories of a defect are lived: its share is known
LEAST = 100  # but so many of them always
HAZARD_STORIES = 40
HAZARD_LEAST = 10
POLLS_MAX = 1_000  # a home with a clock has 30; one without, most of a day
Z = 1.96  # of 95 %
LATEST = 25  # what the page shows of some 200 rows


class Share(msgspec.Struct, frozen=True):
    """Kills of so many stories."""

    kills: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """Return between which bounds the true share is, in 95 of 100 cases (Wilson)."""
        p, n = self.kills / self.of, self.of
        middle, off = p + Z * Z / (2 * n), Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        scale = 1 + Z * Z / n
        return max(0.0, (middle - off) / scale), min(1.0, (middle + off) / scale)

    @property
    def median(self) -> float:
        """Return after how many stories it is caught in half of all cases."""
        return median_of(self.kills / self.of)

    @property
    def median_at_least(self) -> float:
        """Return the median, and where nothing was killed what it is at least."""
        return self.median if self.kills else median_of(self.interval[1])


def median_of(p: float) -> float:
    return inf if p <= 0 else 1.0 if p >= 0.5 else log(2) / -log(1 - p)


class Power(msgspec.Struct, frozen=True):
    """What was measured of one defect; `hazards` are those that killed it, by name."""

    id: str
    where: str
    needs: tuple[str, ...]
    stories: Share
    everywhere: Share
    hazards: dict[str, Share]
    plain: Share

    @property
    def hazard(self) -> tuple[str, Share] | None:
        """The hazard that kills it most often."""
        return max(self.hazards.items(), key=lambda one: one[1].kills / one[1].of, default=None)

    @property
    def needed(self) -> float:
        """Return the median of its stratum or of its hazard, whichever is less."""
        hazard = self.hazard
        return min(self.stories.median, inf if hazard is None else hazard[1].median)

    @property
    def fewer(self) -> float:
        """Return by which factor plain Hypothesis needs more, at least."""
        return self.plain.median_at_least / self.needed


class Measured(msgspec.Struct, frozen=True):
    """All of it, and how it was measured."""

    command: str
    seed: int
    date: str
    wakes_a_story: float
    stories_a_second: float
    defects: tuple[Power, ...]


class _Task(NamedTuple):
    defect_id: str
    stories: int
    plain: Sequence[PlainHome]
    folder: str | None


@click.command()
@click.option("--stories", default=STORIES, show_default=True)
@click.option("--jobs", default=2, show_default=True)
@click.option("--defects", type=click.Path(exists=True, file_okay=False), help="Files by others.")
@click.option("--only", multiple=True, help="These defects, and write nothing.")
def power(*, stories: int, jobs: int, defects: str | None, only: Sequence[str]) -> None:
    """Measure, print as it comes, and write power.md and power.json in docs/evidence/."""
    from tests.docs import evidence  # which reads what this file wrote

    try:
        others = of_folder(defects) if defects else ()
    except ConfigError as error:
        click.echo(f"ERROR: {error}", err=True)
        sys.exit(2)
    known = [*only] or [*(others or defects_of(BUDGET))]
    wakes, speed = pace(400)  # first, in a process that has little to look after
    (plain,) = Processes(1).results(Calling(partial(plain_homes, seed_number=SEED)), [stories])
    found = []
    click.echo(" | ".join(_COLUMNS))
    tasks = [_Task(defect_id, stories, plain, defects) for defect_id in known]
    with closing(Processes(jobs).results(Calling(measure), tasks)) as results:
        for one in results:
            click.echo(" | ".join(row(one)))
            found.append(one)
    measured = Measured(
        command="make power",
        seed=SEED,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        wakes_a_story=round(wakes, 1),
        stories_a_second=round(speed),
        defects=tuple(sorted(found, key=lambda one: (-one.needed, one.id))),
    )
    click.echo("\n".join(summary(measured)))
    if not only and defects is None:
        raw = msgspec.json.format(msgspec.json.encode(measured), indent=1)
        (EVIDENCE / "power.json").write_bytes(raw + b"\n")
        (EVIDENCE / "power.md").write_text(page(measured), "utf-8")
        evidence.write()


@cache
def of_folder(folder: str) -> tuple[str, ...]:
    """Take the defects of a folder's files into the catalogue; return their ids.

    Raise `ConfigError` for a file that cannot be imported, for a name that is taken, and where
    there is no defect.
    """
    found = []
    for path in sorted(Path(folder).glob("**/*.py")):
        defect = _defect_in(path)
        if defect is None:
            continue
        if defect.id in catalogue():
            raise ConfigError(str(path), "Defect", f"{defect.id} is taken: name the file otherwise")
        catalogue()[defect.id] = defect
        found.append(defect.id)
    if not found:
        raise ConfigError(folder, "--defects", "expected files with a defect, got none")
    return tuple(found)


def _defect_in(path: Path) -> Defect | None:
    """Return the defect of a file, `None` for a file without one."""
    spec = importlib.util.spec_from_file_location(f"others.{path.stem}", path)
    assert spec is not None, path
    assert spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001  whatever somebody's file raises
        why = f"cannot be imported: {type(error).__name__}: {error}"
        raise ConfigError(str(path), "Defect", why) from None
    return ENTRIES.get(spec.name)


# Measuring ----------------------------------------------------------------------------------------


def measure(task: _Task) -> Power:
    """Return the figures of one defect."""
    if task.folder is not None:
        of_folder(task.folder)
    defect = catalogue()[task.defect_id]
    dealt = deal([kit for kit in models() if set(defect.needs) <= set(traits([kit]))], defect)
    drawn = _share(defect, (story_at(n, [kit]) for n, kit in _numbered(dealt, task.stories)))
    everywhere = drawn
    if defect.needs:
        everywhere = _share(defect, (story_at(n, models()) for n in range(task.stories)))
    households = zip(task.plain, _cycled(dealt), strict=False)
    plain = _share(defect, (plain_story(household, [kit]) for household, kit in households))
    hazards = {
        law.id: share
        for law in laws().values()
        if law.hazard and (share := _hazard(defect, law, dealt)).kills
    }
    return Power(defect.id, defect.where, defect.needs, drawn, everywhere, hazards, plain)


def deal(kits: Sequence[ModelAndCards], defect: Defect) -> list[ModelAndCards]:
    """Return each meter with each card that the defect can show on, the meters in turn."""
    most = max(len(kit.cards) for kit in kits)
    found = []
    for nth, kit in product(range(most), kits):
        one = kit._replace(cards=(kit.cards[nth % len(kit.cards)],))
        if set(defect.needs) <= set(traits([one])):
            found.append(one)
    return found


def _cycled(kits: Sequence[ModelAndCards]) -> Iterator[ModelAndCards]:
    while True:
        yield from kits


def _numbered(kits: Sequence[ModelAndCards], count: int) -> Iterator[tuple[int, ModelAndCards]]:
    return zip(range(count), _cycled(kits), strict=False)


def _share(defect: Defect, campaigns: Iterator[Campaign], law: Law | None = None) -> Share:
    kills = lived = 0
    for campaign in campaigns:
        trial = Trial(replace(campaign, polls_max=POLLS_MAX), defect.build)
        kills += isinstance((law or _ANY).asked(trial), Broken)
        lived += 1
        if (kills >= ENOUGH and lived >= LEAST) or (kills >= HAZARD_LEAST and law is not None):
            break
    return Share(kills, lived)


_ANY = Law(id="", says="", properties=(), presumes="", draw=story, check=promises)


def _hazard(defect: Defect, law: Law, dealt: Sequence[ModelAndCards]) -> Share:
    stories = (
        law.draw(seeded(f"{SEED}/{law.id}/{n}"), [kit])
        for n, kit in _numbered(dealt, HAZARD_STORIES)
    )
    return _share(defect, stories, law)


# The page -----------------------------------------------------------------------------------------


def page(measured: Measured) -> str:
    """Return docs/evidence/power.md."""
    wakes, speed = measured.wakes_a_story, measured.stories_a_second
    head = f"""# How many stories it takes to catch a defect

`{measured.command}` measures it, in minutes. For each defect of the
[catalogue](../date-bugs.md) the
same stories are lived by meters that have it, on the meters and cards on which it can show (dealt
in turn), and examples as plain Hypothesis draws them: the date of arming by `st.datetimes`, the
lead and every other choice by `st.integers`, over the same ranges, in a process that has imported
nothing else, from the working copy: what a wheel would have installed is the same code. The first
example, the simplest of all, is left out. A story *catches* it where any
promise is broken in one run. Hazards are stories of their own ([verify](../laws.md#hazards)), and
stand apart.

Of p, the share of stories that catch it, half of all searches end within ln 2 / -ln(1 - p) stories:
the columns *median*. A `>` is what it is at least, where none caught it. Stories of a defect end
after {ENOUGH} kills and {LEAST} stories, or {STORIES:,}; a hazard's at
{HAZARD_LEAST} kills, or {HAZARD_STORIES}.

`make power FROM=DIR` asks the same of defects in files of your own, written as those of the
catalogue are: each ends in a class under `@Defect`, and its name is the file's. It shows the rows
and writes nothing.

Seed {measured.seed}, {measured.date}, of the catalogue as it was that day. A story wakes its
meter {wakes:.0f} times; {speed:,.0f} of them were drawn, lived and judged a second on one core.

"""
    latest = sorted(measured.defects, key=lambda one: (-one.needed, one.id))[:LATEST]
    table = (tuple(_COLUMNS), tuple("---" for _ in _COLUMNS), *map(row, latest))
    rows = "\n".join(f"| {' | '.join(cells)} |" for cells in table)
    tail = f"The {LATEST} that take most stories; `power.json` has all of them.\n\n"
    return head + "\n".join(f"- {line}" for line in summary(measured)) + f"\n\n{tail}{rows}\n"


_COLUMNS = (
    "defect", "in", "needs", "caught", "p, 95 %", "median", "on any meter", "hazard", "median",
    "plain", "median", "times fewer",
)  # fmt: skip


def summary(measured: Measured) -> list[str]:
    """Return what the figures come to."""
    found = measured.defects
    needed = sorted(one.needed for one in found)
    median = needed[len(needed) // 2]
    worst = max((stories for stories in needed if stories < inf), default=inf)
    hard = [one for one in found if one.plain.median_at_least > 10 and one.needed < inf]
    ratios = sorted(one.fewer for one in hard)
    missed = [one.id for one in found if one.needed == inf]
    unmet = sum(not one.plain.kills for one in found)
    examples = max(one.plain.of for one in found)
    said = [
        f"Caught: {len(found) - len(missed)} of {len(found)}.",
        f"Median over the defects: {median:.0f} stories; worst of those caught: {worst:.0f}.",
        f"Plain Hypothesis catches none of {unmet} defects in {examples:,} examples.",
    ]
    if missed:
        said.append(f"Not caught: {', '.join(missed)}.")
    if hard:
        middle, least = ratios[len(ratios) // 2], ratios[0]
        more = f"{middle:.0f} times as many in the median of these, {least:.1f} times at least"
        said.append(f"It needs more than 10 for {len(hard)} defects: {more}.")
    return said


def row(one: Power) -> list[str]:
    """Return the cells of a defect."""
    low, high = one.stories.interval
    hazard = one.hazard
    name, share = ("-", None) if hazard is None else hazard
    return [
        f"`{one.id}`",
        one.where,
        ", ".join(one.needs) or "-",
        f"{one.stories.kills} of {one.stories.of}",
        f"{100 * low:.1f} to {100 * high:.1f} %",
        _said(one.stories),
        _said(one.everywhere),
        name,
        "-" if share is None else _said(share),
        f"{one.plain.kills} of {one.plain.of}",
        _said(one.plain),
        f"{'>' if not one.plain.kills else ''}{one.fewer:.1f}",
    ]


def _said(share: Share) -> str:
    return f"{'' if share.kills else '> '}{share.median_at_least:.0f}"


def read() -> Measured:
    """Return what was measured last."""
    return msgspec.json.decode((EVIDENCE / "power.json").read_bytes(), type=Measured)


if __name__ == "__main__":
    run_or_interrupted(power)
