"""What `explore` prints as JSON."""

from typing import Annotated, TypeAlias

from meter_emu.cli.printed.base import Printed, Shape, shaped
from meter_emu.explore.acts import acts_missing
from meter_emu.explore.cuts import CutsExplored
from meter_emu.explore.every import EveryExplored
from meter_emu.explore.search import Explored
from meter_emu.resources import means
from meter_emu.verify.report import Counterexample

_Path: TypeAlias = Annotated[tuple[int, ...], means("an act an instant, by its place in acts")]


class MergedJson(Shape):
    """Transitions to a state that was known, by what was left out of the comparison."""

    rules: tuple[str, ...]
    times: int


class PairJson(Shape):
    """Two paths to one state, after which the same acts were seen to do otherwise."""

    rules: tuple[str, ...]
    one: _Path
    other: _Path
    differs: Annotated[str, means("the first difference")]


class BrokenJson(Shape):
    """What is broken, and a story that shows it."""

    words: str
    course: Annotated[tuple[str, ...], means("the story in words")]
    campaign: Annotated[str, means("the story as a campaign file, TOML")]


class ExploredJson(Printed, tag="explore/1"):
    """What of a scope was exhausted, and what is broken."""

    build: str
    scope: str
    acts: tuple[str, ...]
    acts_missing: Annotated[tuple[str, ...], means("those of `list acts` that the scope has not")]
    instants: int
    depth_exhausted: Annotated[int, means("acts of which every sequence was tried; -1 for none")]
    whole: Annotated[bool, means("whether no more acts could happen at these instants")]
    transitions: int
    states: int
    guided: Annotated[int, means("states gone on from beyond that depth")]
    seen_states: Annotated[dict[str, int], means("what people saw, without numbers, and how often")]
    merged: tuple[MergedJson, ...]
    merged_pairs: Annotated[int, means("merges of which both sides were lived on")]
    merged_pairs_differing: int
    differences: Annotated[tuple[PairJson, ...], means("the first of them")]
    broken: BrokenJson | None


class EveryJson(Printed, tag="explore-every/1"):
    """What of every built-in scope was exhausted, and what is broken."""

    build: str
    asked: Annotated[tuple[str, ...], means("scopes of which an act at least was exhausted")]
    not_asked: Annotated[tuple[str, ...], means("scopes of which this says nothing")]
    depths_exhausted: Annotated[dict[str, int], means("acts of which every sequence was tried")]
    passed_over: Annotated[
        tuple[str, ...], means("scopes that the build does not cover, or can show nothing in")
    ]
    transitions: int
    states: int
    merged_pairs: Annotated[int, means("merges of which both sides were lived on")]
    merged_pairs_differing: int
    walks: Annotated[int, means("acts by chance at nearly every instant of a scope, beyond that")]
    scope: Annotated[str | None, means("the scope in which something is broken")]
    law: Annotated[str | None, means("the law that says so, of `list laws`, if not the judge")]
    broken: BrokenJson | None


class CutsJson(Printed, tag="explore-cuts/1"):
    """What of the power cuts in a story was exhausted, and what is broken."""

    build: str
    scope: str
    instants: Annotated[int, means("in the calls of the program while somebody is at the meter")]
    groups: Annotated[int, means("what one cut, with three fates, leaves while the power is off")]
    tried_whole: Annotated[int, means("groups from which every second instant was tried")]
    pairs: int
    wrong: Annotated[str | None, means("what is broken")]
    cuts: Annotated[tuple[str, ...], means("the cuts that break it, in words")]
    broken: BrokenJson | None


def cuts_json(explored: CutsExplored, name: str) -> CutsJson:
    """Return what was explored of the cuts in the story of this name."""
    return shaped(
        explored,
        CutsJson,
        scope=name,
        cuts=explored.cuts_in_words,
        broken=_broken(explored.broken),
    )


def every_json(explored: EveryExplored) -> EveryJson:
    """Return what was explored of every built-in scope."""
    return shaped(
        explored,
        EveryJson,
        depths_exhausted=dict(sorted(explored.depths.items())),
        merged_pairs=explored.pairs,
        merged_pairs_differing=explored.differing,
        scope=explored.broken_in or None,
        law=explored.broken_law or None,
        broken=_broken(explored.broken),
    )


def explored_json(explored: Explored, name: str) -> ExploredJson:
    """Return what was explored of the scope of this name."""
    scope = explored.scope
    return shaped(
        explored,
        ExploredJson,
        build=scope.household.build,
        scope=name,
        acts=tuple(act.label for act in scope.acts),
        acts_missing=acts_missing(scope),
        instants=len(scope.instants),
        depth_exhausted=explored.depth,
        seen_states=dict(sorted(explored.keys.items())),
        merged=tuple(MergedJson(*one) for one in sorted(explored.merged.items())),
        merged_pairs=explored.pairs,
        merged_pairs_differing=explored.differing,
        differences=tuple(
            PairJson(pair.rules, pair.one, pair.other, differs)
            for pair, differs in explored.differences
        ),
        broken=_broken(explored.broken),
    )


def _broken(found: Counterexample | None) -> BrokenJson | None:
    return None if found is None else shaped(found, BrokenJson, campaign=found.text)
