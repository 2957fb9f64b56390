"""Equal lives are one run: what is rounded, how a life becomes a household, and the audit.

What does not decide is derived from what does: a card that arms comes on the day on which the
rounded credit runs out. Times in the meter are by the week up to a week before T2, by the day
after. How many meters that sends astray is not argued, but tried: an audit runs some unrounded.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import Enum, unique
from random import Random
from typing import Final, NamedTuple, final

from meter_emu.languages.speech import marked, said
from meter_emu.planner.lives import (
    CardVisit,
    CardWish,
    PlanLives,
    Town,
    at,
    last_day,
    rehearsed_to,
    run_out,
)
from meter_emu.planner.plan_file import RawPlan
from meter_emu.planner.sheet import SheetRow
from meter_emu.units import HOUR_S, MINUTE_US, MWH_PER_WH, SECOND_US
from meter_emu.world.households.campaign import METER_ID_FIRST, Campaign
from meter_emu.world.households.household import (
    Announcement,
    DeskOrder,
    Entry,
    Household,
    Households,
    Visit,
    VisitKind,
)
from meter_emu.world.judge.outcome import Outcome, Supplied
from meter_emu.world.judge.verdicts import HARM
from meter_emu.world.meter.times import legal_to_us, us_to_civil
from meter_emu.world.rehearsal.checkpoint import Checkpoint
from meter_emu.world.rehearsal.fleet import rehearse_all

_ONE_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_EVENING: Final = timedelta(hours=19)  # ours: in the middle of the evening
_MINUTE: Final = timedelta(minutes=1)
MORNING: Final = timedelta(hours=8)  # ours: people are up, and offices not yet open
LATE_MAX_MIN: Final = 90  # as of July 2020: a gas meter cuts an hour after T2
AUDITED: Final = 300  # ours: rows that are run unrounded


@final
@unique
class HomeState(Enum):
    """What a household has: every one is in one of them."""

    SUPPLIED = marked("supplied")
    CUT = marked("disconnected by order")
    NO_CREDIT = marked("without credit")


class MeterEnd(NamedTuple):
    """What became of a meter: the morning after T2, at the end, when it was cut, and the harm."""

    morning: HomeState
    end: HomeState
    cut_us: int | None
    harmed: bool


class Life(NamedTuple):
    """What decides what becomes of a meter."""

    model: str
    balance_cents: int
    use_w: int
    loads_eur: int
    visits: tuple[CardVisit, ...]


@final
class Runner:
    """Runs the lives of one plan, each once."""

    def __init__(
        self,
        town: Town,
        plan: RawPlan,
        *,
        jobs: int | None = None,
        kept: Callable[[], Checkpoint | None] = lambda: None,
        step: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> None:
        self.town: Final = town
        self.plan: Final = plan
        self._jobs: Final = jobs
        self._kept: Final = kept
        self._step: Final = step
        self._known: Final[dict[Life, MeterEnd]] = {}
        raw = town.raw
        self.zone: Final = raw.zone
        self.start_us: Final = self._us(at(raw.sheet.as_of + _ONE_DAY, 0), "as_of")
        self.end_us: Final = self._us(at(rehearsed_to(raw) + _ONE_DAY, 12 * HOUR_S), "end_days")
        self.cut_us: Final = self._us(plan.cut_at, "cut_at")
        self.defer_us: Final = self._us(plan.defer_until or plan.cut_at, "defer_until")
        self.morning: Final = at(last_day(plan.cut_at) + _ONE_DAY, 0) + MORNING
        self.morning_us: Final = self._us(self.morning, "cut_at")
        self._announced: Final = Announcement(
            defer_until=us_to_civil(self.defer_us, self.zone),
            cut_at=us_to_civil(self.cut_us, self.zone),
            defer_us=self.defer_us,
            cut_us=self.cut_us,
            text="",
            made_us=self.start_us,
            late_max_us=LATE_MAX_MIN * MINUTE_US,
        )

    def _us(self, when: datetime, key: str) -> int:
        key = f"plan {self.plan.name!r}: {key}"
        return legal_to_us(when, self.zone, path=self.town.path, key=key)

    @property
    def classes(self) -> int:
        """How many lives were run."""
        return len(self._known)

    # Lives ---------------------------------------------------------------------------------------

    def exact(self, lives: PlanLives, place: int) -> Life:
        """Return the life of a row as it is."""
        row, behaviour = self.town.sheet.rows[place], lives.behaviour
        use_w, loads_eur = behaviour.use_w, behaviour.loads_eur
        return Life(row.model, row.balance_cents, use_w, loads_eur, lives.visits[place])

    def rounded(self, lives: PlanLives, place: int) -> Life:
        """Return the life that stands for a row."""
        exact, behaviour = self.exact(lives, place), lives.behaviour
        step = self.town.raw.credit_step_eur * 100
        balance = (exact.balance_cents + step // 2) // step * step
        model, as_of = self.town.sheet.models[exact.model], self.town.raw.sheet.as_of
        found: list[CardVisit] = []
        before = at(as_of, 0)
        for what, _, when in exact.visits:
            if when is None:
                continue
            put_in = self._rounded_time(when)
            if what is CardWish.ARM:
                derived = at(run_out(as_of, balance, behaviour, model), 0) + _EVENING
                put_in = self._armed(derived, when, behaviour.reactivation_from)
            if put_in <= before:
                put_in = before + _ONE_DAY
            found.append(CardVisit(what, put_in - _MINUTE, put_in))
            before = put_in
        return exact._replace(balance_cents=balance, visits=tuple(found))

    def _armed(self, derived: datetime, exact: datetime, before: date) -> datetime:
        """Return when a card armed, on the same side of T2."""
        if exact >= self.plan.cut_at:
            return exact.replace(minute=0, second=0, microsecond=0)
        return min(derived, at(before - _ONE_DAY, 0) + _EVENING)

    def _rounded_time(self, when: datetime) -> datetime:
        """Return a time of the same week, or of the same day near T2, on the same side of T2."""
        cut_at, evening = self.plan.cut_at, at(when.date(), 0) + _EVENING
        if when.date() == cut_at.date():
            return (
                min(evening, cut_at - _MINUTE) if when < cut_at else max(evening, cut_at + _MINUTE)
            )
        weeks = (cut_at.date() - when.date()) // _WEEK
        return (
            at(cut_at.date() - weeks * _WEEK - _WEEK // 2, 0) + _EVENING if weeks > 0 else evening
        )

    # Households ----------------------------------------------------------------------------------

    def household(self, life: Life, number: int, meter: SheetRow | None = None) -> Household:
        """Return the household that lives it: a class, or a `meter` of the sheet."""
        model = self.town.sheet.models[life.model]
        rate = life.use_w * MWH_PER_WH // model.measures.mwh_per_unit
        row = "" if meter is None else said("row {row} of the sheet", row=str(meter.number))
        return Household(
            id=f"class-{number}" if meter is None else meter.meter_id,
            kind=row or "class",
            model=model,
            model_name=life.model,
            build=self.town.raw.build,
            balance_cents=life.balance_cents,
            load=(rate,) * 24,
            clock_set_us=self.start_us,
            meter_id=METER_ID_FIRST + number,
            visits=tuple(self._visits(life)),
            announced=(self._announced,),
            group="" if meter is None else meter.district,
        )

    def _visits(self, life: Life) -> Iterator[Visit]:
        load_cents = life.loads_eur * 100
        orders = {
            CardWish.ARM: DeskOrder(
                defer_until=self._announced.defer_until,
                cut_at=self._announced.cut_at,
                defer_us=self.defer_us,
                cut_us=self.cut_us,
                load_cents=load_cents,
            ),
            CardWish.LOAD: DeskOrder(load_cents=load_cents),
            CardWish.REACTIVATE: DeskOrder(reactivate=True, load_cents=load_cents),
        }
        acts: list[tuple[datetime, DeskOrder | None]] = []
        for one in life.visits:
            acts.append((one.desk, orders[one.what]))
            if one.put_in is not None:
                acts.append((one.put_in, None))
        acts.sort(key=lambda act: act[0])
        for number, (when, order) in enumerate(acts, 1):
            at_us = self._us(when, "a visit")
            if at_us >= self.end_us:
                return
            kind = VisitKind.INSERT if order is None else VisitKind.DESK
            yield Visit(at_us=at_us, kind=kind, desk=order, in_file=number)

    def campaign(self, lives: Sequence[Life], meters: Sequence[SheetRow] = ()) -> Campaign:
        """Return the campaign of these lives, each of a row if `meters` are given."""
        raw, entries = self.town.raw, []
        for number, life in enumerate(lives):
            household = self.household(life, number, meters[number] if meters else None)
            # One phase for all classes, as it moves a cut by a poll; a meter's own is drawn.
            phase_us = None if meters else household.model.poll_s * SECOND_US // 2
            entries.append(Entry(first=household, count=1, poll_phase_us=phase_us))
        return Campaign(
            name=f"{raw.name}: {self.plan.name}",
            zone=raw.zone,
            start_us=self.start_us,
            end_us=self.end_us,
            seed=raw.seed,
            language=raw.language,
            announced=(self._announced,),
            households=Households(tuple(entries), raw.seed),
        )

    # Runs ----------------------------------------------------------------------------------------

    def ends(self, lives: PlanLives, step: int = 1) -> list[MeterEnd]:
        """Return what becomes of all rows, or of one in `step`; equal lives are run once."""
        places = range(0, len(lives.visits), step)
        return self.ends_of([self.rounded(lives, place) for place in places])

    def ends_of(self, lives: Sequence[Life]) -> list[MeterEnd]:
        """Return what becomes of each, running those that are new."""
        new = list(dict.fromkeys(life for life in lives if life not in self._known))
        if new:
            for life, end in zip(new, self._run(self.campaign(new)), strict=True):
                self._known[life] = end
        return [self._known[life] for life in lives]

    def _run(self, campaign: Campaign) -> Iterator[MeterEnd]:
        total = len(campaign.households)
        runs = rehearse_all(
            campaign, jobs=self._jobs, events=False, census=True, checkpoint=self._kept()
        )
        for done, run in enumerate(runs, 1):
            yield self.end_of(run.outcome)
            self._step(done, total)

    def end_of(self, outcome: Outcome) -> MeterEnd:
        """Return what became of a meter."""
        return MeterEnd(
            _state(outcome, self.morning_us),
            _state(outcome, self.end_us - 1),
            outcome.cut_us,
            outcome.lived.verdict in HARM,
        )

    def audited(
        self, lives: PlanLives, ends: Sequence[MeterEnd]
    ) -> tuple[list[MeterEnd], list[MeterEnd]]:
        """Run some rows unrounded; return what their classes say, and what became of them."""
        rows = self.town.sheet.rows
        chance = Random(f"{self.town.raw.seed}/audit")  # noqa: S311
        places = sorted(chance.sample(range(len(rows)), min(AUDITED, len(rows))))
        exact = [self.exact(lives, place) for place in places]
        found = list(self._run(self.campaign(exact, [rows[place] for place in places])))
        return [ends[place] for place in places], found


def _state(outcome: Outcome, us: int) -> HomeState:
    had = outcome.supply_at(us)
    assert had is not None, "every meter is seen to the end"
    if had.had is not Supplied.OFF:
        return HomeState.SUPPLIED
    return HomeState.NO_CREDIT if had.for_credit else HomeState.CUT
