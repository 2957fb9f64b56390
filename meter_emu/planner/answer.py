"""The answer: who is without supply the morning after T2, which plan, what breaks it first.

Levels are of all meters. What an assumption changes is counted on the same meters with the same
draws, low and high, on one row in five of a large sheet: differences are paired, and no noise.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from itertools import chain
from operator import sub
from typing import Final, NamedTuple, final

import msgspec

from meter_emu.planner.classes import HomeState, Life, MeterEnd, Runner
from meter_emu.planner.decided import RISK_OF_ALL, Audit, Criterion, Figure, figure
from meter_emu.planner.lives import Assumptions, PlanLives, Town, last_day
from meter_emu.planner.plan_file import Behaviour, RawPlan
from meter_emu.planner.sheet import SheetRow

_ROWS_WHOLE: Final = 5_000  # ours: up to here an assumption is tried on all rows
_ONE_IN: Final = 5
_SHARE_STEP: Final = 0.001  # ours: as close as a share is said
_WEEK: Final = timedelta(days=7)
_RATE_TIMES_MAX: Final = 64  # ours: beyond, more people at the counters are no help


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

    def less(self, other: "PlanFigures") -> "PlanFigures":
        """Return what is left without those of `other`."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return PlanFigures(*(one - another for one, another in pairs))


@final
@dataclass(slots=True)
class PlanAnswer:
    """What becomes of all meters in one plan; its figures are means of the seeds."""

    runner: Runner
    lives: PlanLives  # of the first seed
    drawn: list[list[MeterEnd]]  # of each seed
    not_served: list[Mapping[str, int]]  # of each seed, by district
    audit: Audit
    classes: int  # before any what-if adds to them

    @property
    def ends(self) -> list[MeterEnd]:
        """What becomes of each meter, of the first seed."""
        return self.drawn[0]

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
        return figures([*chain(*self.drawn)], lambda end: end.morning, len(self.drawn))

    @property
    def at_end(self) -> PlanFigures:
        """The figures at the end."""
        return figures([*chain(*self.drawn)], lambda end: end.end, len(self.drawn))

    @property
    def by_group(self) -> dict[str, PlanFigures]:
        """The figures of the morning after T2, of each district: their sums are those of all."""
        parts: dict[str, list[MeterEnd]] = defaultdict(list)
        for ends in self.drawn:
            for row, end in zip(self.rows, ends, strict=True):
                parts[row.district].append(end)
        found, counts, before = {}, Counter[HomeState | None](), PlanFigures(0, 0, 0)
        for name in sorted(parts):
            counts += _counted(parts[name], lambda end: end.morning)
            so_far = _means(counts, len(self.drawn))
            found[name] = so_far.less(before)
            before = so_far
        return found

    @property
    def turned_away(self) -> dict[str, int]:
        """How many come in time and are not served, by district."""
        seeds = len(self.drawn)
        return {
            name: round(sum(one[name] for one in self.not_served) / seeds)
            for name in sorted(self.not_served[0])
        }

    def counts(self, criterion: Criterion) -> list[int]:
        """Return what each seed gives."""
        if criterion is Criterion.TURNED_AWAY:
            return [sum(one.values()) for one in self.not_served]
        return [sum(map(criterion.is_met, ends)) for ends in self.drawn]

    def figure(self, criterion: Criterion) -> Figure:
        """Return a figure with its intervals."""
        return figure(self.counts(criterion), self.errors(criterion), len(self.rows))

    def errors(self, criterion: Criterion) -> list[int]:
        """Return by how much rounding says too little of each meter that was audited."""
        if criterion is Criterion.TURNED_AWAY:  # no meter is asked
            return [0] * len(self.rows)
        return self.audit.errors(criterion)

    @property
    def cuts_us(self) -> tuple[int, int] | None:
        """When the first and the last meter was cut by its order."""
        cuts = [end.cut_us for end in self.ends if end.cut_us is not None]
        return (min(cuts), max(cuts)) if cuts else None


@final
@dataclass(frozen=True, slots=True)
class Compared:
    """Two plans, and by how much the second has more by each criterion."""

    first: str
    second: str
    by: Mapping[Criterion, Figure]
    shortest: str | None  # the meter with the shortest lives that differ

    @property
    def choice(self) -> str | None:
        """The plan that is better wherever it is decided; `None` where the criteria disagree."""
        better = {self.better(one) for one in self.by} - {None}
        return better.pop() if len(better) == 1 else None

    def better(self, criterion: Criterion) -> str | None:
        """Return which plan has fewer, `None` where that is not decided by this."""
        found = self.by[criterion]
        if not found.is_decided:
            return None
        return self.first if found.mean > 0 else self.second


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
class TightOffice(NamedTuple):
    """The tightest office: its fullest day, and what a later date or more room would change."""

    group: str
    day: date
    waiting: int  # at its door when it closes on that day
    turned_away: int  # by the first seed, as are the others
    week_later: int | None  # so many, if T2 is a week later; None beyond what is rehearsed
    visits_per_hour: int
    needed: int | None  # so many an hour, and nobody is turned away; None if never


@final
class PlanResult(NamedTuple):
    """All that was found about the plans of a file; `tried` on the last of them."""

    answers: Sequence[PlanAnswer]
    difference: Compared | None
    fit: TightOffice | None  # of the plan that is shown
    todos: Sequence["ToDo"]
    tried: Sequence[Tried]
    threshold: Threshold | None

    @property
    def shown(self) -> PlanAnswer:
        """The better plan, or the last where none is."""
        return shown_of(self.answers, self.difference)

    @property
    def town(self) -> Town:
        """The sheet with its offices."""
        return self.answers[0].runner.town


def plan_result(answers: Sequence[PlanAnswer], *, what_if: bool) -> PlanResult:
    """Compare the first two plans, and try other assumptions on the last `what_if`."""
    last, most = answers[-1], answers[-1].runner.town.raw.at_most_cut
    what_ifs = WhatIfs(last)
    difference = compared_plans(*answers[:2]) if len(answers) > 1 else None
    shown = shown_of(answers, difference)
    return PlanResult(
        answers,
        difference,
        fit_of(shown),
        list(plan_to_do(shown)),
        list(what_ifs.tried()) if what_if else [],
        what_ifs.threshold(most) if what_if and most is not None else None,
    )


def shown_of(answers: Sequence[PlanAnswer], difference: Compared | None) -> PlanAnswer:
    """Return the better plan, or the last where none is."""
    choice = None if difference is None else difference.choice
    return next((one for one in answers if one.plan.name == choice), answers[-1])


def fit_of(answer: PlanAnswer) -> TightOffice | None:
    """Return the office that turns most people away, and what would help; `None` if none does."""
    town, plan, lives = answer.runner.town, answer.plan, answer.lives
    group = max(sorted(lives.not_served), key=lives.not_served.__getitem__)
    if not lives.not_served[group]:
        return None
    rate = town.visits_per_hour(group)

    def turned_away(plan: RawPlan, times: float = 1) -> int | None:
        assumed = Assumptions(lives.behaviour, room_times=times)
        return town.lives(plan, assumed, group=group).not_served.get(group)

    later = [None if one is None else one + _WEEK for one in (plan.cut_at, plan.defer_until)]
    week_later = msgspec.structs.replace(plan, cut_at=later[0], defer_until=later[1])
    low, high = rate, rate
    while high < _RATE_TIMES_MAX * rate and turned_away(plan, high / rate):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if turned_away(plan, middle / rate) else (low, middle)
    full = max(
        (one for one in lives.days[group] if one.day <= last_day(plan.cut_at)),
        key=lambda one: one.waiting,
    )
    return TightOffice(
        group, full.day, full.waiting, lives.not_served[group], turned_away(week_later), rate,
        None if turned_away(plan, high / rate) else high,
    )  # fmt: skip


def figures(
    ends: Sequence[MeterEnd], state: Callable[[MeterEnd], HomeState], seeds: int = 1
) -> PlanFigures:
    """Return the figures of some meters, means of so many seeds; harm is rounded up."""
    return _means(_counted(ends, state), seeds)


def _counted(
    ends: Sequence[MeterEnd], state: Callable[[MeterEnd], HomeState]
) -> Counter[HomeState | None]:
    """Return how many meters are in each state; with `None`, how many were harmed."""
    found = Counter[HomeState | None]()
    for end in ends:
        found[state(end)] += 1
        if end.harmed:
            found[None] += 1
    return found


def _means(counts: Counter[HomeState | None], seeds: int) -> PlanFigures:
    cut, no_credit = (round(counts[one] / seeds) for one in (HomeState.CUT, HomeState.NO_CREDIT))
    meters = (counts.total() - counts[None]) // seeds
    return PlanFigures(meters - cut - no_credit, cut, no_credit, -(-counts[None] // seeds))


def answered(runner: Runner, seeds: int) -> PlanAnswer:
    """Run a plan whole with so many seeds, and audit it with the first."""
    town, count = runner.town, len(runner.town.sheet.rows)
    every, lives, not_served = list[Life](), None, list[Mapping[str, int]]()
    for seed in range(town.raw.seed, town.raw.seed + seeds):
        drawn = town.lives(runner.plan, seed=seed)
        every += (runner.rounded(drawn, place) for place in range(count))
        not_served.append(drawn.not_served)
        lives = lives or drawn
    assert lives is not None, "there is a seed"
    ends = runner.ends_of(every)
    by_seed = [ends[at : at + count] for at in range(0, len(ends), count)]
    audit = Audit(count, *runner.audited(lives, by_seed[0]))
    return PlanAnswer(runner, lives, by_seed, not_served, audit, runner.classes)


def compared_plans(plan_a: PlanAnswer, plan_b: PlanAnswer) -> Compared:
    """Compare two plans, meter by meter and seed by seed."""
    sizes: list[tuple[int, int, str]] = []
    triples = zip(plan_a.rows, plan_a.ends, plan_b.ends, strict=True)
    for place, (row, before, after) in enumerate(triples):
        if before.morning is not after.morning:
            size = len(plan_a.lives.visits[place]) + len(plan_b.lives.visits[place])
            sizes.append((size, row.number, row.meter_id))
    risk = RISK_OF_ALL / len(Criterion)
    by = {
        one: figure(
            list(map(sub, plan_b.counts(one), plan_a.counts(one))),
            list(map(sub, plan_b.errors(one), plan_a.errors(one))),
            len(plan_a.rows),
            risk,
        )
        for one in Criterion
    }
    return Compared(plan_a.plan.name, plan_b.plan.name, by, min(sizes)[-1] if sizes else None)


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
    lives, turned_away = answer.lives, answer.turned_away
    group = max(turned_away, key=turned_away.__getitem__, default="")
    if turned_away.get(group):
        yield ToDo("not_served", turned_away[group], group, lives.last_day.get(group))
    if lives.unseen:
        yield ToDo("unseen", lives.unseen)
    opens = lives.waiting
    if opens:
        name = max(sorted(opens), key=lambda one: opens[one][1] - opens[one][2])
        day, waits, room = opens[name]
        if waits > room:
            yield ToDo("waiting", waits, name, day, room)
