"""What `verify` and `distinguish` print as JSON."""

from typing import Annotated, TypeAlias

from msgspec import field

from meter_emu.cli.printed.base import Printed, Shape, shaped
from meter_emu.resources import means
from meter_emu.verify.distinguish import Comparison, Difference
from meter_emu.verify.report import Examined, Report

_Course: TypeAlias = Annotated[tuple[str, ...], means("the story in words")]
_Campaign: TypeAlias = Annotated[str, means("the story as a campaign file, TOML")]
_Runs: TypeAlias = Annotated[int, means("runs that made it small")]


class CounterexampleShownJson(Shape):
    """A small story that breaks a law."""

    number: Annotated[int, means("at which story of the seed it was found")] = field(name="story")
    words: Annotated[str, means("what is broken")]
    course: _Course
    text: _Campaign = field(name="campaign")
    tape: Annotated[tuple[int, ...], means("what was drawn")]
    runs: _Runs


class LawExaminedJson(Shape):
    """What became of a law."""

    id: str
    says: Annotated[str, means("what the law demands")]
    properties: tuple[str, ...]
    presumes: Annotated[str, means("what it is asked under")]
    held_on: Annotated[int, means("stories")]
    not_asked: Annotated[int, means("comparisons with what the program does not cover")]
    not_applicable: Annotated[dict[str, int], means("stories that could not show it, by reason")]
    not_observable: Annotated[str | None, means("why no story was able to show it")]
    broken: CounterexampleShownJson | None


class VerifiedJson(Printed, tag="verify/1"):
    """The laws of a build."""

    build: str
    seed: int
    stories: int
    asked: Annotated[tuple[str, ...], means("laws that were checked against stories enough")]
    not_asked: Annotated[tuple[str, ...], means("laws of which this says nothing")]
    laws: tuple[LawExaminedJson, ...]
    not_covered: Annotated[tuple[str, ...], means("what the program says that it is not made for")]
    few_hints: Annotated[
        str, means("that its sleep hints skip less than a tenth of the polls, if so")
    ]
    met: Annotated[dict[str, int], means("stories by what they are about")]
    crossed: Annotated[dict[str, int], means("stories by the themes that cross in them")]
    never_met: Annotated[tuple[str, ...], means("what no story was about")]
    placed: Annotated[dict[str, int], means("stories by the hazard that was in them")]


def verified(report: Report) -> VerifiedJson:
    """Return the results for a build."""
    return shaped(report, VerifiedJson, laws=tuple(_law(one) for one in report.examined))


def _law(one: Examined) -> LawExaminedJson:
    return shaped(
        one.law,
        LawExaminedJson,
        held_on=one.held_on,
        not_asked=one.not_asked,
        not_applicable=dict(sorted(one.asides.items())),
        not_observable=one.not_observable,
        broken=one.broken,
    )


class DifferenceShownJson(Shape):
    """A story in which two builds differ."""

    number: Annotated[int, means("at which story of the seed it was found")] = field(name="story")
    runs: _Runs
    look_at: Annotated[str, means("the display, the lamps, the supply, the card")]
    day: Annotated[str, means("the legal day on which to look")]
    seen: Annotated[dict[str, str], means("what each build shows first")]
    course: _Course
    text: _Campaign = field(name="campaign")


class DistinguishedJson(Printed, tag="distinguish/1"):
    """Two builds, and the story in which they differ, if one was found."""

    builds: tuple[str, str]
    seed: int
    stories: int
    asked: Annotated[tuple[str, ...], means("kinds of story that were tried, by a law of each")]
    not_asked: Annotated[tuple[str, ...], means("kinds of story that were not")]
    difference: DifferenceShownJson | None


def distinguished(found: Comparison) -> DistinguishedJson:
    """Return the comparison of two builds."""
    difference = None if found.difference is None else _difference(found.difference)
    return shaped(found, DistinguishedJson, difference=difference)


def _difference(found: Difference) -> DifferenceShownJson:
    seen = {one.build: one.words for one in found.seen}
    return shaped(found, DifferenceShownJson, seen=seen)
