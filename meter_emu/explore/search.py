"""`explore(scope, ...)`: breadth first by the number of acts, over every instant of a scope.

All that `n` acts can lead to is looked at before any `n + 1`, and of two states that are the same
only the first is gone on from. So what a depth has exhausted is a fact about the program, and the
first thing that breaks was reached by as few acts as can be. Beyond that depth, states that show
what was seldom seen go first.
"""

import gc
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import chain, count, islice
from random import Random
from time import monotonic
from typing import Final, NamedTuple, TypeAlias, final

from meter_emu.explore.canonical import Canonical, Forms, without_figures
from meter_emu.explore.left_out import FREE_OF_NUMBERS
from meter_emu.explore.lives import Lives, Path
from meter_emu.explore.scope import Scope
from meter_emu.laws.judged import promises
from meter_emu.laws.law import Broken, Trial, campaign_of
from meter_emu.verify.program import check_covered
from meter_emu.verify.report import Counterexample, counterexample
from meter_emu.workers.engines import here_or_processes
from meter_emu.workers.work import Here, Reusable, Task
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.events import Event
from meter_emu.world.rehearsal.fleet import Run

_BATCH: Final = 24  # ours: states a process takes at once; a third of a second
_PAIR_ONE_IN: Final = 50  # ours: merges of which both sides are lived on
_PAIR_ACTS: Final = 3  # ours: acts on both, then nothing until the end
_FEW: Final = 3  # ours: units; a process takes a second to begin
_ALIKE_MAX: Final = 20  # ours: differences that are kept to be shown
_ENDED_BADLY: Final = (Verdict.CRASHED, Verdict.HUNG)


@final
class Led(NamedTuple):
    """What one act led to: its form, `None` at the end, what is shown, and what is wrong."""

    act: int
    instant_us: int
    form: Canonical | None
    key: str
    wrong: str | None


@final
class Pair(NamedTuple):
    """Two paths whose ends were merged, by these rules."""

    one: Path
    other: Path
    rules: tuple[str, ...]


@final
class From(NamedTuple):
    """States to go on from by these acts."""

    paths: tuple[Path, ...]
    acts: range


_Unit: TypeAlias = From | Pair
_Result: TypeAlias = "list[list[Led]] | str | None"


@final
class Exploring(Task[_Unit, _Result]):
    """Goes on from states by every act; or lives on both sides of a merge and compares them."""

    def __init__(self, scope: Scope) -> None:
        self._scope: Final = scope
        self._lives: Lives | None = None
        self._forms: Forms | None = None
        self._led_to: Final[set[bytes]] = set()

    def run(self, unit: _Unit, memory: memoryview | None = None) -> _Result:  # noqa: ARG002
        """Return each state's children; of a pair what differs, `None` if nothing does."""
        if self._lives is None:
            self._lives = Lives(self._scope)
            self._forms = Forms(self._lives)
        collects = gc.isenabled()
        gc.disable()  # it would look at all that is kept again and again, and that stays
        try:
            if isinstance(unit, Pair):
                return self._differs(self._lives, unit)
            return [list(self._children(self._lives, path, unit.acts)) for path in unit.paths]
        finally:
            if self._lives.ours:  # what is left is no garbage, and is not looked at again
                gc.freeze()
            if collects:
                gc.enable()

    def _children(self, lives: Lives, path: Path, acts: range) -> Iterator[Led]:
        lives.go(path)
        for number in acts:
            if number > acts.start:
                lives.again()
            if lives.do(self._scope.acts[number]):
                yield self._led(lives, number)
        if len(acts) > 1:
            lives.forget()

    def _led(self, lives: Lives, act: int) -> Led:
        seen = lives.seen()
        if lives.over:
            return Led(act, lives.due_us, None, key_of(lives), wrong_in(lives, seen))
        judged = lives.judged(seen)
        assert self._forms is not None, "made with the household"
        form = self._forms.of(lives, judged.ahead, judged.order, judged.standing)
        if form.digest not in self._led_to:
            self._led_to.add(form.digest)
            lives.keep(act)
        return Led(act, lives.due_us, form, key_of(lives), _words(lives, judged.outcome, seen))

    def _differs(self, lives: Lives, pair: Pair) -> str | None:
        acts = Random(repr(pair)).choices(range(1, len(self._scope.acts)), k=_PAIR_ACTS)  # noqa: S311
        said = not FREE_OF_NUMBERS.intersection(pair.rules)  # else a display says what was left out
        one, other = (self._course(lives, path, acts, said=said) for path in (pair.one, pair.other))
        if one == other:
            return None
        apart = next((both for both in zip(one, other, strict=False) if both[0] != both[1]), None)
        return f"{apart}" if apart else f"{len(one)} and {len(other)} events"

    def _course(self, lives: Lives, path: Path, acts: Sequence[int], *, said: bool) -> list[str]:
        """Return what is seen after a path: of these acts, and then of nothing until the end."""
        lives.go(path)
        before = len(lives.events)
        for act in acts:
            if not lives.over and not lives.do(self._scope.acts[act]):
                lives.again()
                return ["the office refuses"]
        while not lives.over:
            lives.do(self._scope.acts[0])
        seen = []
        for event in lives.events[before:]:
            shown = event.shown if said else without_figures(event.shown)
            seen.append(f"{event.at_us} {event.what.value} {shown}")
        return [*seen, str(wrong_in(lives, lives.seen()) is not None)]


def key_of(lives: Lives) -> str:
    """Return what a person in front of the meter sees of its state, without numbers."""
    board = lives.story.bench.board
    shown = without_figures(board.panel.text)
    supply = "on" if board.switch.on else "off"
    limited = " limited" if board.switch.limiter_a else ""
    lamps = " ".join(str(lamp.name).lower() for lamp in board.panel.lamps)
    return f"{supply}{limited} | {shown} | {lamps}"


def wrong_in(lives: Lives, events: Sequence[Event]) -> str | None:
    """Return what is wrong with what was seen up to now: the first fault that the judge finds."""
    failed = judge(lives.household, lives.campaign, events) if lives.failed else None
    return _words(lives, failed or lives.judged(events).outcome, events)


def _words(lives: Lives, outcome: Outcome, events: Sequence[Event]) -> str | None:
    if not (outcome.breaches or outcome.findings or outcome.verdict in _ENDED_BADLY):
        return None
    trial = Trial(campaign_of(lives.campaign, lives.household), lives.household.build)
    trial.run = Run(trial.household, outcome, list(events))
    found = promises(trial)
    return found.words if isinstance(found, Broken) else None


@final
@dataclass(slots=True)
class Explored:
    """What was exhausted so far, and what was found.

    `depth` is the number of acts of which every sequence was looked at, -1 before the first.
    `guided` counts the states gone on from beyond it. `merged` counts by the rules that were
    needed, `keys` what people saw. `pairs` of merged states were lived on, with `differences`.
    """

    scope: Scope
    depth: int = -1
    whole: bool = False
    states: int = 1
    transitions: int = 0
    guided: int = 0
    pairs: int = 0
    merged: dict[tuple[str, ...], int] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    differences: list[tuple[Pair, str]] = field(default_factory=list)
    differing: int = 0
    broken: Counterexample | None = None
    broken_path: Path = ()
    edges: list[tuple[Path, int, Path]] | None = None

    @property
    def merges(self) -> int:
        """How many transitions led to a state that was known."""
        return sum(self.merged.values())


HearExplored: TypeAlias = Callable[[Explored], None]


@final
class _Search:
    """The states of a search: what is known, and what is to be gone on from, by instant."""

    def __init__(
        self, explored: Explored, jobs: int | None, hear: HearExplored, stack: ExitStack
    ) -> None:
        self.explored: Final = explored
        self._hear: Final = hear
        self.ahead: list[list[Path]] = [[] for _ in explored.scope.instants]
        self.later: list[list[Path]] = [[] for _ in explored.scope.instants]
        self._task: Final = Exploring(explored.scope)
        engine = here_or_processes(jobs)
        self._others: Final = (
            stack.enter_context(engine.standing(Exploring(explored.scope)))
            if isinstance(engine, Reusable)
            else None
        )
        self._known: Final[dict[bytes, tuple[Path, bytes]]] = {}
        self._place: Final = {us: place for place, us in enumerate(explored.scope.instants)}
        self._pairs: list[Pair] = []
        self.one_act_more: Final = defaultdict[Path, list[Led]](list)
        self.rare: list[tuple[int, int, Path]] = []
        self._number = count()
        self.ahead[0].append(())

    def expand(
        self, paths: Iterable[Path], acts: range, ends_s: float, *, guided: bool = False
    ) -> bool:
        """Go on from states by these acts; return whether all were, and nothing broke.

        What an act leads to waits for `one_more`, unless `guided`.
        """
        given = [From(batch, acts) for batch in _batches(paths)]
        with closing(self._done(given)) as results:
            for number, children in enumerate(results):
                assert isinstance(children, list), "states were gone on from"
                for path, of_one in zip(given[number].paths, children, strict=True):
                    for child in of_one:
                        waits = child.form is not None or child.wrong is not None
                        if child.act and waits and not guided:
                            self.one_act_more[path].append(child)
                        elif self._take(path, child, guided=guided):
                            return False
                self._hear(self.explored)
                if monotonic() > ends_s:
                    return False
        return True

    def one_more(self) -> bool:
        """Take what one act more has led to; return whether nothing broke."""
        for path, children in self.one_act_more.items():
            if any(self._take(path, child, guided=False) for child in children):
                return False
        self.one_act_more.clear()
        self.ahead, self.later = self.later, [[] for _ in self.ahead]
        return True

    def _done(self, units: Sequence[_Unit]) -> Generator[_Result, None, None]:
        """Return the results of units: of a few in this process, whatever the number of jobs."""
        if self._others is None or len(units) < _FEW:
            return Here().results(self._task, units)
        return self._others(units)

    def compare(self) -> None:
        """Live on both sides of the merges that were chosen."""
        pairs, self._pairs = self._pairs, []
        explored = self.explored
        with closing(self._done(pairs)) as results:
            for pair, differs in zip(pairs, results, strict=True):
                explored.pairs += 1
                if differs is not None:
                    explored.differing += 1
                    explored.differences += [(pair, str(differs))]
                    del explored.differences[_ALIKE_MAX:]

    def _take(self, path: Path, child: Led, *, guided: bool) -> bool:
        """Take what an act led to; return whether it breaks something."""
        explored, reached = self.explored, (*path, child.act)
        explored.transitions += 1
        seen = explored.keys[child.key] = explored.keys.get(child.key, 0) + 1
        if child.wrong is not None:
            explored.broken_path = reached
            return True
        if child.form is None:
            return False
        known = self._known.get(child.form.digest)
        if explored.edges is not None:
            explored.edges.append((path, child.act, known[0] if known else reached))
        if known is None:
            self._known[child.form.digest] = reached, child.form.left_out
            explored.states += 1
            if guided:
                heappush(self.rare, (seen, next(self._number), reached))
            else:
                among = self.later if child.act else self.ahead
                among[self._place[child.instant_us]].append(reached)
            return False
        rules = child.form.differing(Canonical(child.form.digest, known[1]))
        explored.merged[rules] = explored.merged.get(rules, 0) + 1
        if explored.merges % _PAIR_ONE_IN == 0:
            self._pairs.append(Pair(known[0], reached, rules))
        return False


def explore(
    explored: Explored,
    *,
    depth: int | None = None,
    time_s: float | None = None,
    jobs: int | None = 1,
    edges: bool = False,
    hear: HearExplored = lambda _explored: None,
) -> Explored:
    """Explore a scope: every sequence of `depth` acts, then what shows something new.

    What is found so far is in `explored`, also where it is interrupted.

    It ends at the depth, or if there is a time when that is over: half of it is for the claim.
    Raise `ConfigError` for a build that does not exist or does not cover the scope's household, and
    for a card that the office must not issue.
    """
    assert depth is not None or time_s is not None, "it must end some time"
    check_covered(explored.scope.household)
    scope, explored.edges = explored.scope, [] if edges else None
    began_s = monotonic()
    ends_s = began_s + time_s if time_s is not None else float("inf")
    claim_s = began_s + time_s / 2 if time_s is not None and depth is None else ends_s
    hear(explored)
    with ExitStack() as stack:
        # Doubt: this gives back to the collector what others had frozen before, too: they get
        # slower, and are not wrong.
        stack.callback(gc.unfreeze)
        search = _Search(explored, jobs, hear, stack)
        nothing, others = range(1), range(1, len(scope.acts))
        # To put a state back only once, all acts go together; unless time may end in between.
        every = nothing if depth is None else range(len(scope.acts))
        while _go_on(search, claim_s, nothing if explored.depth + 1 == depth else every):
            explored.depth += 1
            explored.whole = not any(search.ahead)
            if explored.whole or explored.depth == depth:
                break
            if depth is None and not _go_on(search, claim_s, others):
                break
            if not search.one_more():
                break
        if not explored.broken_path and time_s is not None and not explored.whole:
            _wander(search, ends_s)
        search.compare()
    if explored.broken_path:
        explored.broken = _counterexample(scope, explored.broken_path)
    return explored


def _go_on(search: _Search, ends_s: float, acts: range) -> bool:
    """Go on from the states of a depth by these acts; return if that was done.

    Where nothing is one of them, what it leads to is of the same depth, at a later instant.
    """
    for place in range(len(search.ahead)):
        if not search.expand(sorted(search.ahead[place]), acts, ends_s):
            return False
        search.compare()
    return True


def _wander(search: _Search, ends_s: float) -> None:
    """Go on from states that show what was seldom seen, until the time is over."""
    explored = search.explored
    waiting = [path for path in chain(*search.ahead) if path not in search.one_act_more]
    if not search.one_more():
        return
    waiting += chain(*search.ahead)
    for number, path in enumerate(waiting):
        heappush(search.rare, (1, number, path))
    while search.rare and monotonic() < ends_s:
        paths = [heappop(search.rare)[2] for _ in range(min(len(search.rare), 8 * _BATCH))]
        explored.guided += len(paths)
        if not search.expand(sorted(paths), range(len(explored.scope.acts)), ends_s, guided=True):
            return
        search.compare()


def _batches(paths: Iterable[Path]) -> Iterator[tuple[Path, ...]]:
    paths = iter(paths)
    while batch := tuple(islice(paths, _BATCH)):
        yield batch


def _counterexample(scope: Scope, path: Path) -> Counterexample:
    """Return a path that breaks something as a campaign, without the acts that it does not need."""
    lives = Lives(scope)
    path, runs = smaller(path, lambda shorter: _breaks(lives, shorter) is not None)
    if _breaks(lives, path) is None:
        raise lives.unsteady("it broke before, and nothing is left to chance")
    return by_the_judge(lives, runs)


def smaller(path: Path, breaks: Callable[[Path], bool]) -> tuple[Path, int]:
    """Return a path without the acts that it does not need to break something, and the tries."""
    runs = 0
    for place in [place for place, act in enumerate(path) if act]:
        shorter = (*path[:place], 0, *path[place + 1 :])
        runs += 1
        path = shorter if breaks(shorter) else path
    return path, runs


def lived_as_trial(lives: Lives) -> Trial:
    """Return the life that was lived last as a campaign, to be lived from its start."""
    campaign = campaign_of(lives.campaign, lives.household)
    return Trial(campaign, lives.scope.household.build)


def by_the_judge(lives: Lives, runs: int) -> Counterexample:
    """Return the life that was lived last, of which the judge says that something breaks."""
    trial = lived_as_trial(lives)
    found = promises(trial)
    if not isinstance(found, Broken):
        raise lives.unsteady("played from its file it breaks as well")
    return counterexample(trial, found.words, runs=runs)


def _breaks(lives: Lives, path: Path) -> str | None:
    """Return what is wrong at the end of a path, or on the way; `None` if it cannot be gone."""
    lives.go(())
    for act in path:
        if lives.over or not lives.do(lives.scope.acts[act]):
            return None
    return wrong_in(lives, lives.seen())
