"""The answer: who is without supply the morning after T2, which plan, what breaks it first.

Levels are of all meters. What an assumption changes is counted on the same meters with the same
draws, low and high, on one row in five of a large sheet: differences are paired, and no noise.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple, final

import msgspec

from meter_emu.planner.classes import Audit, HomeState, Life, MeterEnd, Runner
from meter_emu.planner.lives import PlanLives, Town
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
@dataclass(slots=True, kw_only=True)
class PlanAnswer:
    """What becomes of all meters in one plan."""

    plan: RawPlan
    runner: Runner
    lives: PlanLives
    ends: list[MeterEnd]
    audit: Audit
    classes: int
    rows: Sequence[SheetRow]

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


class Move(NamedTuple):
    """Meters that are otherwise under the second plan than under the first."""

    group: str
    before: HomeState
    after: HomeState
    meters: int


class Compared(NamedTuple):
    """Two plans: who is supplied under one alone, and the shortest that differs."""

    first: str
    second: str
    better: int
    worse: int
    moves: tuple[Move, ...]
    shortest: SheetRow | None


class Tried(NamedTuple):
    """An assumption, low and high, and by how many the meters without supply change."""

    key: str
    low: float
    high: float
    change_low: int
    change_high: int


class Threshold(NamedTuple):
    """So few are cut only if this share of those who follow the deadline comes; `None` if never."""

    at_most: int
    share: float | None


@final
class PlanResult(NamedTuple):
    """All that was found about a plan file."""

    town: Town
    answers: Sequence[PlanAnswer]
    difference: Compared | None
    todos: Sequence["ToDo"]
    tried: Sequence[Tried]
    threshold: Threshold | None


def figures(ends: Sequence[MeterEnd], state: Callable[[MeterEnd], HomeState]) -> PlanFigures:
    """Return the figures of some meters."""
    found = Counter(map(state, ends))
    return PlanFigures(
        found[HomeState.SUPPLIED],
        found[HomeState.CUT],
        found[HomeState.NO_CREDIT],
        sum(end.harmed for end in ends),
    )


def answered(town: Town, plan: RawPlan, runner: Runner) -> PlanAnswer:
    """Run a plan whole, and audit it."""
    behaviour, rows = town.raw.behaviour, town.sheet.rows
    lives = town.lives(plan, behaviour=behaviour)
    ends = runner.ends(_rounded(runner, rows, lives, behaviour))
    audit = runner.audit(lives, ends, behaviour)
    return PlanAnswer(
        plan=plan,
        runner=runner,
        lives=lives,
        ends=ends,
        audit=audit,
        classes=runner.classes,  # before any what-if adds to them
        rows=rows,
    )


def _rounded(
    runner: Runner,
    sheet_rows: Sequence[SheetRow],
    lives: PlanLives,
    behaviour: Behaviour,
    step: int = 1,
) -> list[Life]:
    return [
        runner.rounded(sheet_rows[place], lives.visits[place], behaviour)
        for place in range(0, len(sheet_rows), step)
    ]


def compared_plans(plan_a: PlanAnswer, plan_b: PlanAnswer) -> Compared:
    """Compare two plans, meter by meter."""
    moves: Counter[tuple[str, HomeState, HomeState]] = Counter()
    shortest: tuple[int, int, SheetRow] | None = None
    triples = zip(plan_a.rows, plan_a.ends, plan_b.ends, strict=True)
    for place, (row, before, after) in enumerate(triples):
        if before.morning is after.morning:
            continue
        moves[row.district, before.morning, after.morning] += 1
        size = len(plan_a.lives.visits[place]) + len(plan_b.lives.visits[place])
        if shortest is None or (size, row.number) < shortest[:2]:
            shortest = (size, row.number, row)
    found = tuple(
        Move(*key, moves[key])
        for key in sorted(moves, key=lambda key: (key[0], key[1].value, key[2].value))
    )
    return Compared(
        plan_a.plan.name,
        plan_b.plan.name,
        sum(move.meters for move in found if move.after is HomeState.SUPPLIED),
        sum(move.meters for move in found if move.before is HomeState.SUPPLIED),
        found,
        None if shortest is None else shortest[2],
    )


class _Change(NamedTuple):
    behaviour: Behaviour
    later_days: int = 0
    room_times: float = 1


def changed(behaviour: Behaviour, key: str, other: float) -> _Change:
    """Return the assumptions with one of them changed, as `[what_if]` says it."""
    if key == "comes_later_days":
        return _Change(behaviour, later_days=int(other))
    if key == "visits_per_hour_times":
        return _Change(behaviour, room_times=other)
    if key == "comes_total":
        return _Change(coming(behaviour, other))
    return _Change(msgspec.structs.replace(behaviour, **{key: other}))


def coming(behaviour: Behaviour, share: float) -> Behaviour:
    """Return the assumptions with so large a share of those who follow the deadline coming."""
    whole = behaviour.comes[-1][1]
    curve = tuple((days, part * share / whole if whole else 0.0) for days, part in behaviour.comes)
    return msgspec.structs.replace(behaviour, comes=curve)


@final
class WhatIfs:
    """Tries other assumptions on one plan."""

    def __init__(self, town: Town, answer: PlanAnswer) -> None:
        self._town: Final = town
        self._answer: Final = answer
        self._step: Final = _ONE_IN if len(answer.rows) > _ROWS_WHOLE else 1
        ends = answer.ends[:: self._step]
        self._base: Final = figures(ends, lambda end: end.morning)

    def tried(self) -> Iterator[Tried]:
        """Yield what each assumption of the plan's `[what_if]` changes, low and high."""
        asked = self._town.raw.what_if
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
        change = changed(self._town.raw.behaviour, key, other)
        lives = self._town.lives(
            self._answer.plan,
            behaviour=change.behaviour,
            later_days=change.later_days,
            room_times=change.room_times,
        )
        runner = self._answer.runner
        rounded = _rounded(runner, self._answer.rows, lives, change.behaviour, self._step)
        return figures(runner.ends(rounded), lambda end: end.morning)


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
    opens: Mapping[str, tuple[date, int, int]] = lives.waiting
    if opens:
        name = max(sorted(opens), key=lambda one: opens[one][1] - opens[one][2])
        day, waits, room = opens[name]
        if waits > room:
            yield ToDo("waiting", waits, name, day, room)
