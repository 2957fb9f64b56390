"""`explore_every(...)`: every built-in scope, step by step, what can be least goes first.

A step is a scope to a depth. How many sequences there can be to that depth follows from its acts
and instants alone, so the order is the same for every program: all scopes without an act, then the
small ones with one and two, and what is large when what is small was tried. Where a time alone is
given, its second half is for walks by chance (`walks`), some of each scope in turn.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, count
from math import comb
from time import monotonic
from typing import Final, NamedTuple, TypeAlias, final

from meter_emu.errors import ConfigError
from meter_emu.explore.roots import campaign_named
from meter_emu.explore.scope import Scope, scope_of
from meter_emu.explore.search import Explored, explore
from meter_emu.explore.walks import ChanceWalk, WalkBroken, broken_by
from meter_emu.resources import built_in
from meter_emu.stories.story import ModelAndCards
from meter_emu.verify.program import check_covered, traits
from meter_emu.verify.report import Counterexample
from meter_emu.workers.engines import here_or_processes
from meter_emu.workers.work import Calling
from meter_emu.world.meter.build import parse_build

_SEQUENCES_MAX: Final = 2_000_000  # ours: of a step; half an hour
_WALKS: Final = 8  # ours: that a process takes at once; a tenth of a second


@final
class ScopeStep(NamedTuple):
    """A scope to a depth, on a build; and when the time for all is over, by the monotonic clock."""

    build: str
    scope: str
    depth: int
    ends_s: float


@final
class StepTried(NamedTuple):
    """What came of a step; `finished` is whether there was time for it."""

    step: ScopeStep
    finished: bool
    whole: bool
    states: int
    transitions: int
    pairs: int
    differing: int
    broken: Counterexample | None


@final
class Walks(NamedTuple):
    """Walks through a scope of a build, and when the time for all is over, as above."""

    build: str
    scope: str
    first: int
    ends_s: float


@final
class WalksTried(NamedTuple):
    """What came of walks: how many there was time for, and what the last of them broke."""

    scope: str
    walks: int
    broken: WalkBroken | None


@final
@dataclass(slots=True)
class EveryExplored:
    """What was tried of every scope so far, and what broke first.

    `covered` are the scopes that are for it. `depths` is to which depth each was exhausted,
    `whole` are those of which nothing is left; `passed_over` are those that the build does not
    cover, or in which its defect cannot show. `walks` are how many there were, beyond that.
    `broken_law` is the law that says so, "" for the judge.
    """

    build: str
    covered: tuple[str, ...] = ()
    depths: dict[str, int] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    passed_over: list[str] = field(default_factory=list)
    states: int = 0
    transitions: int = 0
    pairs: int = 0
    differing: int = 0
    walks: int = 0
    broken: Counterexample | None = None
    broken_in: str = ""
    broken_law: str = ""

    @property
    def asked(self) -> tuple[str, ...]:
        """The scopes in which every sequence of an act at least was tried."""
        return tuple(
            name for name in self.covered if self.depths.get(name, 0) > 0 or name in self.whole
        )

    @property
    def not_asked(self) -> tuple[str, ...]:
        """The other scopes that are for the build."""
        asked = self.asked
        return tuple(name for name in self.covered if name not in asked)

    def take(self, one: StepTried | WalksTried) -> None:
        """Count what was tried, and take what it broke; of a step without time nothing counts."""
        if isinstance(one, WalksTried):
            self.walks += one.walks
            if one.broken is not None:
                self.broken, self.broken_law = one.broken
                self.broken_in = one.scope
        elif one.finished:
            name = one.step.scope
            self.depths[name] = max(self.depths.get(name, 0), one.step.depth)
            self.whole |= {name} if one.whole else set()
            self.states += one.states
            self.transitions += one.transitions
            self.pairs += one.pairs
            self.differing += one.differing
            if one.broken is not None:
                self.broken, self.broken_in = one.broken, name


HearEvery: TypeAlias = Callable[[EveryExplored], None]


class _TimeIsOverError(Exception):
    """There is no time to finish a step."""


def explore_every(
    explored: EveryExplored,
    *,
    depth: int | None = None,
    time_s: float | None = None,
    jobs: int | None = 1,
    step_done: HearEvery = lambda _explored: None,
) -> EveryExplored:
    """Explore every built-in scope to a depth, or for some time, until something breaks.

    Of a time without a depth half is for the claim, and half for walks. What is found so far is in
    `explored`, also where it is interrupted. Raise `ConfigError` for a build that does not exist,
    and where it covers the household of no scope.
    """
    assert depth is not None or time_s is not None, "it must end some time"
    began_s = monotonic()
    ends_s = float("inf") if time_s is None else began_s + time_s
    claim_s = began_s + time_s / 2 if time_s is not None and depth is None else ends_s
    names = list(_covered(explored))
    explored.covered = tuple(names)
    units: Iterator[ScopeStep | Walks] = chain(
        _steps(explored, names, depth, claim_s),
        _walks(explored.build, names, ends_s) if depth is None else (),
    )
    engine = here_or_processes(jobs)
    with closing(engine.results(Calling(done), units)) as results:
        for one in results:
            explored.take(one)
            if explored.broken is not None:
                break
            step_done(explored)
    return explored


def sequences(scope: Scope, depth: int) -> int:
    """Return how many sequences of so many acts there can be, at most."""
    acts, instants = len(scope.acts) - 1, len(scope.instants)
    return sum(comb(instants, nth) * acts**nth for nth in range(depth + 1))


def done(piece: ScopeStep | Walks) -> StepTried | WalksTried:
    """Do one of either."""
    return tried(piece) if isinstance(piece, ScopeStep) else gone(piece)


def gone(walks: Walks) -> WalksTried:
    """Walk through a scope, while there is time and nothing breaks."""
    nth = 0
    while nth < _WALKS and monotonic() < walks.ends_s:
        broken = broken_by(ChanceWalk(walks.scope, walks.first + nth), walks.build)
        nth += 1
        if broken is not None:
            return WalksTried(walks.scope, nth, broken)
    return WalksTried(walks.scope, nth, None)


def tried(step: ScopeStep) -> StepTried:
    """Explore a scope to a depth in this process, while there is time."""

    def hear(_explored: Explored) -> None:
        if monotonic() > step.ends_s:
            raise _TimeIsOverError

    explored = Explored(_scope(step.scope, step.build))
    try:
        explore(explored, depth=step.depth, hear=hear)
        finished = True
    except _TimeIsOverError:
        finished = False
    return StepTried(
        step=step,
        finished=finished,
        whole=explored.whole,
        states=explored.states,
        transitions=explored.transitions,
        pairs=explored.pairs,
        differing=explored.differing,
        broken=explored.broken,
    )


@cache
def _scope(name: str, build: str) -> Scope:
    return scope_of(campaign_named(name, build), build)


def _covered(explored: EveryExplored) -> Iterator[str]:
    """Yield the scopes whose household the build covers, and can show its defects in."""
    why: ConfigError | None = None
    for name in built_in("scopes"):
        scope = _scope(name, explored.build)
        try:
            check_covered(scope.household)
        except ConfigError as error:
            why = error
            explored.passed_over.append(name)
            continue
        if can_show(scope):
            yield name
        else:
            explored.passed_over.append(name)
    if why is not None and len(explored.passed_over) == len(built_in("scopes")):
        raise why


def can_show(scope: Scope) -> bool:
    """Return whether the household has the meter and card without which no defect of it shows."""
    home = scope.household
    card = (home.card_generation, home.carrier)
    have = set(traits([ModelAndCards(home.model.name, home.model, (card,))]))
    return all(set(defect.needs) <= have for defect in parse_build(home.build).defects)


def _steps(
    explored: EveryExplored, names: list[str], depth: int | None, ends_s: float
) -> Iterator[ScopeStep]:
    """Yield the steps, what can be least first; of a scope that was exhausted no more."""
    build = explored.build
    turns = []
    for name in names:
        scope = _scope(name, build)
        most = len(scope.instants) if depth is None else min(depth, len(scope.instants))
        turns += [(sequences(scope, acts), name, acts) for acts in range(most + 1)]
    turns.sort()
    for ways, name, acts in turns:
        if monotonic() > ends_s or (depth is None and ways > _SEQUENCES_MAX):
            return
        if name not in explored.whole:
            yield ScopeStep(build, name, acts, ends_s)


def _walks(build: str, names: list[str], ends_s: float) -> Iterator[Walks]:
    """Yield walks through each scope in turn, until the time is over."""
    for first in count(0, _WALKS):
        for name in names:
            if monotonic() > ends_s:
                return
            yield Walks(build, name, first, ends_s)
