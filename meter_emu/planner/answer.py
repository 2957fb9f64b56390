"""The answer: who is without supply the morning after T2, which plan, what breaks it first.

Levels are of all meters. What an assumption changes is counted on the same meters with the same
draws, low and high, on one row in five of a large sheet: differences are paired, and no noise.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple, final

import msgspec

from meter_emu.planner.classes import Audit, HomeState, MeterEnd, Runner
from meter_emu.planner.lives import Assumptions, PlanLives, Town
from meter_emu.planner.plan_file import Behaviour, RawPlan
from meter_emu.planner.sheet import SheetRow

_ROWS_WHOLE: Final = 5_000  # ours: up to here an assumption is tried on all rows
_ONE_IN: Final = 5
_SHARE_STEP: Final = 0.001  # ours: as close as a share is said


@final
@dataclass(frozen=True, slots=True)
class PlanFigures:
    """Every meter once, and how many of them lived other than announced."""

    supplied: int
    disconnected: int
    without_credit: int
    against_promise: int = 0

    @property
    def unsupplied(self) -> int:
        """How many have no supply, for whatever reason."""
        return self.disconnected + self.without_credit

    @property
    def total(self) -> int:
        """How many meters there are."""
        return self.supplied + self.unsupplied


@final
@dataclass(slots=True)
class PlanAnswer:
    """What becomes of all meters in one plan."""

    runner: Runner
    lives: PlanLives
    ends: list[MeterEnd]
    audit: Audit
    classes: int  # before any what-if adds to them

    @property
    def plan(self) -> RawPlan:
        """The plan whose answer it is."""
        return self.runner.plan

    @property
    def rows(self) -> Sequence[SheetRow]:
        """The meters, in the order of the sheet."""
        return self.runner.town.sheet.rows

    @property
    def morning(self) -> PlanFigures:
        """The figures of the morning after T2."""
        return figures(self.ends, lambda end: end.morning)

    @property
    def at_end(self) -> PlanFigures:
        """The figures at the end."""
        return figures(self.ends, lambda end: end.end)

    @property
    def by_group(self) -> dict[str, PlanFigures]:
        """The figures of the morning after T2, of each district."""
        parts: dict[str, list[MeterEnd]] = defaultdict(list)
        for row, end in zip(self.rows, self.ends, strict=True):
            parts[row.district].append(end)
        return {name: figures(parts[name], lambda end: end.morning) for name in sorted(parts)}

    @property
    def cuts_us(self) -> tuple[int, int] | None:
        """When the first and the last meter was cut by its order."""
        cuts = [end.cut_us for end in self.ends if end.cut_us is not None]
        return (min(cuts), max(cuts)) if cuts else None


@dataclass(frozen=True, slots=True)
class Move:
    """Meters that are otherwise under the second plan than under the first."""

    group: str
    before: HomeState
    after: HomeState
    meters: int


@dataclass(frozen=True, slots=True)
class Compared:
    """Two plans: who is supplied under one alone, and the meter with the shortest that differs."""

    first: str
    second: str
    better: int
    worse: int
    moves: tuple[Move, ...]
    shortest: str | None


@dataclass(frozen=True, slots=True)
class Tried:
    """An assumption, low and high, and by how many the meters without supply change."""

    key: str
    low: float
    high: float
    change_low: int
    change_high: int


@dataclass(frozen=True, slots=True)
class Threshold:
    """So few are cut only if this share of those who follow the deadline comes; `None` if never."""

    at_most: int
    share: float | None


@final
class PlanResult(NamedTuple):
    """All that was found about the plans of a file; `tried` on the last of them."""

    answers: Sequence[PlanAnswer]
    difference: Compared | None
    todos: Sequence["ToDo"]
    tried: Sequence[Tried]
    threshold: Threshold | None

    @property
    def town(self) -> Town:
        """The sheet with its offices."""
        return self.answers[0].runner.town


def plan_result(answers: Sequence[PlanAnswer], *, what_if: bool) -> PlanResult:
    """Compare the first two plans, and try other assumptions on the last `what_if`."""
    last, most = answers[-1], answers[-1].runner.town.raw.at_most_cut
    what_ifs = WhatIfs(last)
    return PlanResult(
        answers,
        compared_plans(*answers[:2]) if len(answers) > 1 else None,
        list(plan_to_do(last)),
        list(what_ifs.tried()) if what_if else [],
        what_ifs.threshold(most) if what_if and most is not None else None,
    )


def figures(ends: Sequence[MeterEnd], state: Callable[[MeterEnd], HomeState]) -> PlanFigures:
    """Return the figures of some meters."""
    found = Counter(map(state, ends))
    return PlanFigures(
        found[HomeState.SUPPLIED],
        found[HomeState.CUT],
        found[HomeState.NO_CREDIT],
        sum(end.harmed for end in ends),
    )


def answered(runner: Runner) -> PlanAnswer:
    """Run a plan whole, and audit it."""
    lives = runner.town.lives(runner.plan)
    ends = runner.ends(lives)
    return PlanAnswer(runner, lives, ends, runner.audit(lives, ends), runner.classes)


def compared_plans(plan_a: PlanAnswer, plan_b: PlanAnswer) -> Compared:
    """Compare two plans, meter by meter."""
    moves: Counter[tuple[str, HomeState, HomeState]] = Counter()
    sizes: list[tuple[int, int, str]] = []
    triples = zip(plan_a.rows, plan_a.ends, plan_b.ends, strict=True)
    for place, (row, before, after) in enumerate(triples):
        if before.morning is not after.morning:
            moves[row.district, before.morning, after.morning] += 1
            size = len(plan_a.lives.visits[place]) + len(plan_b.lives.visits[place])
            sizes.append((size, row.number, row.meter_id))
    ordered = sorted(moves, key=lambda key: (key[0], key[1].value, key[2].value))
    return Compared(
        plan_a.plan.name,
        plan_b.plan.name,
        sum(count for (_, _, after), count in moves.items() if after is HomeState.SUPPLIED),
        sum(count for (_, before, _), count in moves.items() if before is HomeState.SUPPLIED),
        tuple(Move(*key, moves[key]) for key in ordered),
        min(sizes)[-1] if sizes else None,
    )


def changed(behaviour: Behaviour, key: str, other: float) -> Assumptions:
    """Return the assumptions with one of them changed, as `[what_if]` says it."""
    if key == "comes_later_days":
        return Assumptions(behaviour, later_days=int(other))
    if key == "visits_per_hour_times":
        return Assumptions(behaviour, room_times=other)
    if key == "comes_total":
        return Assumptions(coming(behaviour, other))
    return Assumptions(msgspec.structs.replace(behaviour, **{key: other}))


def coming(behaviour: Behaviour, share: float) -> Behaviour:
    """Return the assumptions with so large a share of those who follow the deadline coming."""
    whole = behaviour.comes[-1][1]
    curve = tuple((days, part * share / whole if whole else 0.0) for days, part in behaviour.comes)
    return msgspec.structs.replace(behaviour, comes=curve)


@final
class WhatIfs:
    """Tries other assumptions on one plan."""

    def __init__(self, answer: PlanAnswer) -> None:
        self._runner: Final = answer.runner
        self._raw: Final = answer.runner.town.raw
        self._step: Final = _ONE_IN if len(answer.rows) > _ROWS_WHOLE else 1
        self._base: Final = figures(answer.ends[:: self._step], lambda end: end.morning)

    def tried(self) -> Iterator[Tried]:
        """Yield what each assumption of the plan's `[what_if]` changes, low and high."""
        asked = self._raw.what_if
        for key in () if asked is None else asked.__struct_fields__:
            pair = getattr(asked, key)
            if pair is not None:
                low, high = (self._figures(key, other).unsupplied for other in pair)
                base, step = self._base.unsupplied, self._step
                yield Tried(key, pair[0], pair[1], (low - base) * step, (high - base) * step)

    def threshold(self, at_most: int) -> Threshold:
        """Return which share must come so that no more are cut, by bisection.

        The draws are the same for every share, so with a larger one no fewer come.
        """
        if self._cut(1.0) > at_most:
            return Threshold(at_most, None)
        low, high = 0.0, 1.0
        while high - low > _SHARE_STEP:
            middle = (low + high) / 2
            low, high = (low, middle) if self._cut(middle) <= at_most else (middle, high)
        return Threshold(at_most, high)

    def _cut(self, share: float) -> int:
        return self._figures("comes_total", share).disconnected * self._step

    def _figures(self, key: str, other: float) -> PlanFigures:
        assumed = changed(self._raw.behaviour, key, other)
        lives = self._runner.town.lives(self._runner.plan, assumed)
        return figures(self._runner.ends(lives, self._step), lambda end: end.morning)


@final
class ToDo(NamedTuple):
    """Something to do, by its kind, with its number; the words are the page's."""

    kind: str
    meters: int
    group: str = ""
    day: date | None = None
    room: int = 0


def plan_to_do(answer: PlanAnswer) -> Iterator[ToDo]:
    """Yield what to do, the most urgent first."""
    lives = answer.lives
    group = max(sorted(lives.not_served), key=lives.not_served.__getitem__, default="")
    if lives.not_served.get(group):
        day = lives.last_day.get(group)
        yield ToDo("not_served", lives.not_served[group], group, day)
    if lives.unseen:
        yield ToDo("unseen", lives.unseen)
    opens = lives.waiting
    if opens:
        name = max(sorted(opens), key=lambda one: opens[one][1] - opens[one][2])
        day, waits, room = opens[name]
        if waits > room:
            yield ToDo("waiting", waits, name, day, room)
