"""What `verify` says: the verdict, the worst case, the command that shows it; then the laws."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from meter_emu.cli.answers import Coverage, asked_of_law, paragraph, played_by, so_many, worst_case
from meter_emu.verify.crossings import CROSSINGS
from meter_emu.verify.report import NO_STORY, Counterexample, Examined, Report
from meter_emu.world.judge.verdicts import Verdict

_ENDS: Final = frozenset({Verdict.CRASHED, Verdict.HUNG})  # breaks every law at once


def words_of_laws(
    report: Report, files: Mapping[str, Path], *, story: str | None, verbose: bool
) -> Iterator[str]:
    """Yield the answer, a screen at most; `verbose` adds each law.

    `files` has the counterexample of each broken law; `story` is the campaign that was given
    instead, where one was.
    """
    yield from _answer(report, story, files)
    if verbose:
        yield from _every_law(report, files)
    else:
        yield "-v shows each law, and what the stories were about"
    if files:
        names = [path.name for path in files.values()]
        many = names[0] if len(names) == 1 else f"{len(names)} campaigns, by the names of the laws"
        yield f"written to {next(iter(files.values())).parent}: {many}"


def _answer(report: Report, story: str | None, files: Mapping[str, Path]) -> Iterator[str]:
    """Yield the verdict, its reach, and the worst case."""
    broken = [one for one in report.by_harm if one.broken is not None]
    seed = "" if story is not None else f" (seed {report.seed})"
    reach = reach_of(report)
    if not broken:
        where = f"{_stories(report.stories)} of {_laws(len(reach.asked))}{seed}"
        yield from reach.verdict(report.build, "nothing broken", where)
    else:
        laws = f"{len(broken)} of {_laws(len(report.examined))} broken"
        yield f"{report.build}: {laws} in {_stories(report.stories)}{seed}"
        yield from reach.words()
        yield from _worst(broken[0], report.build, story, files)
        if also := [one.law.id for one in broken[1:]]:
            yield from paragraph("also broken", also)
    yield from _gaps(report, searched=not broken)


def reach_of(report: Report) -> Coverage:
    """Return which laws were checked against stories enough to say anything."""
    return Coverage(
        unit=("law", "laws"),
        asked=report.asked,
        not_asked=report.not_asked,
        need=f"{_stories(report.enough)}, one that can show it",
    )


def _every_law(report: Report, files: Mapping[str, Path]) -> Iterator[str]:
    """Yield the laws, the gravest harm first, and what the stories were about.

    What ends a program breaks any law: the first one is shown, the others are one line.
    """
    ended: dict[Verdict, str] = {}
    also: dict[str, list[str]] = {}
    for one in report.by_harm:
        found = one.broken
        if found is not None and found.verdict in ended:
            also.setdefault(ended[found.verdict], []).append(one.law.id)
        elif found is not None:
            if found.verdict in _ENDS:
                ended[found.verdict] = f"it {found.verdict.value} as in {one.law.id}"
            yield f"  broken  {one.law.id}: {one.law.says}"
            yield from (f"          {line}" for line in (found.words, *found.course))
            yield from _made(found, files.get(one.law.id))
        elif one.not_observable not in {None, NO_STORY}:
            yield f"  not observable  {one.law.id}: {one.not_observable}"
        elif one.not_observable == NO_STORY:
            also.setdefault(NO_STORY, []).append(one.law.id)
        else:
            yield f"  held  {one.law.id}, on {_stories(one.held_on)}: {one.law.says}"
    for why, law_ids in also.items():
        yield f"  {'not asked' if why == NO_STORY else 'broken'}  {', '.join(law_ids)}: {why}"
    not_asked = {one.law.id: one.not_asked for one in report.examined if one.not_asked}
    if not_asked:
        yield f"  not asked  comparisons with what is not covered: {_counts(not_asked)}"
    yield from _met(report)


def _met(report: Report) -> Iterator[str]:
    """Yield what the stories were about."""
    if report.met:
        yield f"  met  {_counts(report.met)}"
    if report.crossed:
        yield f"  crossed  {len(report.crossed)} of {len(CROSSINGS)} pairs of themes"
    if report.placed:
        yield f"  placed  {_counts(report.placed)}"
    if report.never_met:
        yield f"  never met  {', '.join(report.never_met)}"


def _worst(
    one: Examined, build: str, story: str | None, files: Mapping[str, Path]
) -> Iterator[str]:
    found, law = one.broken, one.law
    assert found is not None, f"{law.id} is not broken"
    file, other = (str(files[law.id]), None) if story is None else (story, build)
    play = played_by(file, other) if found.accused else asked_of_law(law.id, build, file)
    course = (f"{law.id}: {law.says}", *found.course)
    yield from worst_case(f"{found.words} ({law.id})", course, shown_by=play)


def _gaps(report: Report, *, searched: bool) -> Iterator[str]:
    """Yield what the stories were not able to say; a search that found something ends early."""
    if searched and report.never_met:
        yield from paragraph("in no story", report.never_met)
    if report.not_covered:
        yield from paragraph("not covered", report.not_covered)
    if report.few_hints:
        yield f"sleep hints: {report.few_hints}"


def _made(found: Counterexample, file: Path | None) -> Iterator[str]:
    if file is not None:
        made = f"made of story {found.number} in {found.runs} runs"
        yield f"          {file}: {len(found.text.splitlines())} lines, {made}"


def _stories(count: int) -> str:
    return so_many(count, "story", "stories")


def _laws(count: int) -> str:
    return so_many(count, "law", "laws")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counts.items())
