"""Who comes when: draws by the assumptions, the queue at each office, and the life of each meter.

One digest of seed and meter number gives a meter eight draws, one for each assumption. They are the
same in every plan and what-if, so that plans differ by what differs, and not by chance.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import Enum, unique
from hashlib import blake2b
from itertools import pairwise
from typing import Final, NamedTuple, final

from meter_emu.errors import ConfigError
from meter_emu.languages.speech import said
from meter_emu.nearest import hint
from meter_emu.planner.opening import Openings
from meter_emu.planner.plan_file import (
    DAY_NAMES,
    Behaviour,
    RawDistrict,
    RawPlan,
    RawPlanFile,
)
from meter_emu.planner.sheet import MeterSheet, SheetRow
from meter_emu.planner.waiting_line import Office, OfficeDay, nobody, second_in
from meter_emu.units import HOUR_S, HOURS_A_DAY, UEUR_PER_CENT
from meter_emu.world.meter.model import MeterModel

_ONE_DAY: Final = timedelta(days=1)
EVENING_S: Final = 18 * HOUR_S  # ours: the card is put in when people are home from work
_EVENING_LONG_S: Final = 3 * HOUR_S
_AT_HOME: Final = timedelta(minutes=30)  # ours: from the office to the meter
_NOON: Final = timedelta(hours=12)
_LATE_DAYS: Final = 2  # as the assumption says
_PAY_DAYS: Final = 31  # ours: each day of the month and each weekday comes once in them
_NEVER: Final = 10_000  # days


@final
@unique
class CardWish(Enum):
    """What somebody asks the office for; each visit loads too."""

    ARM = "arm"
    LOAD = "load"
    REACTIVATE = "reactivate"


class CardVisit(NamedTuple):
    """A visit to the office and the card's way into the meter, as legal time; `None` for never."""

    what: CardWish
    desk: datetime
    put_in: datetime | None


class Draws(NamedTuple):
    """What chance gives one meter, each from 0 to below 1."""

    rare: float
    calendar: float
    day: float
    hour: float
    gives_up: float
    puts_in: float
    loses: float
    late: float

    @classmethod
    def of(cls, seed: int, meter_id: str) -> "Draws":
        """Return the draws of a meter."""
        digest = blake2b(f"{seed}/{meter_id}".encode(), digest_size=64).digest()
        return cls(*(int.from_bytes(digest[at : at + 8]) / 2**64 for at in range(0, 64, 8)))


@dataclass(slots=True, eq=False)
class Visitor:
    """A household on its way through a plan."""

    place: int
    row: SheetRow
    draws: Draws
    wishes: list[tuple[CardWish, date]] = field(default_factory=list)  # still to come, in order
    visits: list[CardVisit] = field(default_factory=list)
    came_in_time: bool = False  # to be reactivated, before T2


class Assumptions(NamedTuple):
    """What is assumed in one run: behaviour, when all come later, and when offices serve more."""

    behaviour: Behaviour
    later_days: int = 0
    room_times: float = 1


@final
@dataclass(slots=True)
class PlanLives:
    """All meters of a sheet in one plan: their visits, and what was seen at the offices."""

    behaviour: Behaviour  # as assumed
    last_day: dict[str, date | None]  # the last on which all of a district can still come
    visits: list[tuple[CardVisit, ...]] = field(default_factory=list)
    not_served: dict[str, int] = field(default_factory=dict)  # in time, having come, by district
    unseen: int = 0  # never came to an office since the sheet was made
    days: dict[str, list[OfficeDay]] = field(default_factory=dict)
    # Next opening after T2, who waits then, and the room.
    waiting: dict[str, tuple[date, int, int]] = field(default_factory=dict)


@final
class Town:
    """A sheet with its offices and assumptions, of which any plan makes lives."""

    def __init__(self, path: str, raw_plan: RawPlanFile, sheet: MeterSheet) -> None:
        self.path: Final = path
        self.raw: Final = raw_plan
        self.sheet: Final = sheet
        self._offices: Final[dict[str, tuple[Openings, int]]] = {}
        office = raw_plan.office
        for name in office.district:
            if name not in (known := sheet.districts):
                why = said("no meter belongs to it: the sheet has {known}", known=", ".join(known))
                raise ConfigError(path, f"office: district {name!r}", why + hint(name, known))
        for name in sheet.districts:
            own = office.district.get(name, RawDistrict())
            key = f"office: district {name!r}" if own.hours else "office"
            closed = office.closed if own.closed is None else own.closed
            openings = Openings(path, f"{key}: hours", own.hours or office.hours, closed)
            self._offices[name] = openings, own.visits_per_hour or office.visits_per_hour
        self._draws: Final = self._drawn(raw_plan.seed)

    def _drawn(self, seed: int) -> list[Draws]:
        return [Draws.of(seed, row.meter_id) for row in self.sheet.rows]

    def visits_per_hour(self, district: str) -> int:
        """Return how many people an hour the office of a district serves."""
        return self._offices[district][1]

    def office(self, district: str, *, times: float = 1) -> Office[Visitor]:
        """Return the office of a district; it serves so many `times` as many people."""
        openings, rate = self._offices[district]
        return Office(openings, rate * times)

    def last_days(self, plan: RawPlan) -> dict[str, date | None]:
        """Return for each district the last day on which all of it can still come before T2."""
        count = Counter(row.district for row in self.sheet.rows)
        begin, end = self.raw.sheet.as_of + _ONE_DAY, last_day(plan.cut_at)
        return {
            name: self.office(name).last_day_for(count[name], begin=begin, end=end)
            for name in sorted(count)
        }

    def lives(
        self,
        plan: RawPlan,
        assumed: Assumptions | None = None,
        *,
        seed: int | None = None,
        group: str | None = None,
    ) -> PlanLives:
        """Return what all households, or those of a `group`, do as the file has it or otherwise."""
        draws = self._draws if seed is None else self._drawn(seed)
        pairs = enumerate(zip(self.sheet.rows, draws, strict=True))
        persons = [
            Visitor(place, row, draws)
            for place, (row, draws) in pairs
            if group is None or row.district == group
        ]
        living = _Living(self, plan, assumed or Assumptions(self.raw.behaviour))
        return living.lives(persons)


@final
class _Living:
    """One plan, lived day by day."""

    def __init__(self, town: Town, plan: RawPlan, assumed: Assumptions) -> None:
        self._town: Final = town
        self._assumed: Final = assumed
        self._behaviour: Final = assumed.behaviour
        self._cut_at: Final = plan.cut_at
        self._t2: Final = last_day(plan.cut_at)
        self._as_of: Final = town.raw.sheet.as_of
        self._end: Final = rehearsed_to(town.raw)
        self._pay_days: Final = self._all_pay_days()
        self._found: Final = PlanLives(assumed.behaviour, town.last_days(plan))

    def lives(self, persons: Sequence[Visitor]) -> PlanLives:
        of: dict[str, list[Visitor]] = defaultdict(list)
        for person in persons:
            self._wish(person)
            self._found.unseen += not person.wishes
            of[person.row.district].append(person)
        for district in sorted(of):
            self._pass(district, of[district])
        self._found.visits = [tuple(person.visits) for person in persons]
        return self._found

    # What they want ------------------------------------------------------------------------------

    def _wish(self, person: Visitor) -> None:
        """Say what a household comes for, and on which days, if nothing keeps it."""
        behaviour, draws, row = self._behaviour, person.draws, person.row
        seen = row.last_visit
        regular = seen is not None and (self._as_of - seen).days < behaviour.regular_days
        if not regular and draws.rare >= behaviour.rare_comes:
            return
        model = self._town.sheet.models[row.model]
        out = run_out(self._as_of, row.balance_cents, behaviour, model)
        if out < behaviour.reactivation_from:
            person.wishes.append((CardWish.ARM, out))
            day = self._reactivation_day(draws)
            if day is not None:
                person.wishes.append((CardWish.REACTIVATE, day))
            return
        cents = row.balance_cents
        while out <= self._end:
            person.wishes.append((CardWish.LOAD, out))
            cents += behaviour.loads_eur * 100
            out = run_out(self._as_of, cents, behaviour, model)

    def _reactivation_day(self, draws: Draws) -> date | None:
        """Return when somebody comes to be reactivated, `None` for never."""
        behaviour = self._behaviour
        if draws.calendar < behaviour.follows_calendar:
            share = draws.day
            for name, part in behaviour.comes_on:
                if share < part:
                    days = self._pay_days[name]
                    return days[int(share / part * len(days))]
                share -= part
            return None
        before = days_before(behaviour.comes, draws.day)
        if before is None:
            return None
        day = self._cut_at.date() + _ONE_DAY * (self._assumed.later_days - before)
        return max(day, behaviour.reactivation_from)

    def _all_pay_days(self) -> dict[str, list[date]]:
        begin = self._behaviour.reactivation_from
        days = [begin + _ONE_DAY * number for number in range(_PAY_DAYS)]
        found: dict[str, list[date]] = defaultdict(list)
        for day in days:
            for name in (DAY_NAMES[day.weekday()], str(day.day)):
                found[name].append(day)
        return found

    # The office ----------------------------------------------------------------------------------

    def _pass(self, district: str, persons: Sequence[Visitor]) -> None:
        """Let all days pass at one office."""
        office = self._town.office(district, times=self._assumed.room_times)
        coming: dict[date, list[Visitor]] = defaultdict(list)
        for person in persons:
            if person.wishes:
                coming[max(person.wishes[0][1], self._as_of + _ONE_DAY)].append(person)
        day = self._as_of + _ONE_DAY
        while day <= self._end:
            if day == self._t2 + _ONE_DAY:
                self._after_the_night(office, persons, coming, district)
            spans = office.openings.on(day)
            arriving = coming.pop(day, [])
            if not spans:
                coming[day + _ONE_DAY] = arriving + coming[day + _ONE_DAY]
            else:
                new = sorted(
                    ((second_in(spans, one.draws.hour), one) for one in arriving),
                    key=lambda pair: (pair[0], pair[1].place),
                )
                in_time = day <= self._t2
                for _, one in new:
                    one.came_in_time |= in_time and one.wishes[0][0] is CardWish.REACTIVATE
                for one, at_s in office.day(day, new, self._gives_up if in_time else nobody):
                    self._serve(one, day, at_s, coming)
            day += _ONE_DAY
        self._found.days[district] = office.days

    def _gives_up(self, person: Visitor) -> bool:
        asks = person.wishes[0][0]
        return asks is CardWish.REACTIVATE and person.draws.gives_up < self._behaviour.gives_up

    def _serve(
        self, person: Visitor, day: date, at_s: int, coming: dict[date, list[Visitor]]
    ) -> None:
        what, _ = person.wishes.pop(0)
        draws, behaviour = person.draws, self._behaviour
        desk = at(day, at_s)
        evening = EVENING_S + int(draws.puts_in * _EVENING_LONG_S)
        share = draws.puts_in * _NEVER % 1  # its own part of the draw: the hour is not the day
        put_in: datetime | None = max(at(day, evening), desk + _AT_HOME)
        if share < behaviour.inserts_next_day:
            put_in = at(day + _ONE_DAY, evening)
        first = not any(visit.put_in is None for visit in person.visits)
        if what is CardWish.REACTIVATE and first and draws.loses < behaviour.lost_card:
            put_in = None
        person.visits.append(CardVisit(what, desk, put_in))
        if person.wishes:
            coming[max(person.wishes[0][1], day + _ONE_DAY)].append(person)

    def _after_the_night(
        self,
        office: Office[Visitor],
        persons: Sequence[Visitor],
        coming: dict[date, list[Visitor]],
        district: str,
    ) -> None:
        """Say who was not served in time, and let those who are cut come."""
        waiting = set(map(id, office.waiting))
        not_served, again = 0, list[Visitor]()
        for person in persons:
            if not self._is_cut(person):
                continue
            visits = [one for one in person.visits if one.what is CardWish.REACTIVATE]
            not_served += person.came_in_time and not visits
            if id(person) not in waiting and not any(one.put_in is not None for one in visits):
                again.append(person)
        gone = set(map(id, again))
        for day, queue in coming.items():
            coming[day] = [one for one in queue if id(one) not in gone]
        for person in again:
            person.wishes.clear()
            if person.draws.late < self._behaviour.late_comes:
                share = person.draws.late / self._behaviour.late_comes
                day = self._t2 + _ONE_DAY * (1 + int(share * _LATE_DAYS))
                person.wishes.append((CardWish.REACTIVATE, day))
                coming[day].append(person)
        self._found.not_served[district] = not_served
        opens = office.next_opening(self._t2)
        if opens is not None:
            soon = sum(len(queue) for day, queue in coming.items() if self._t2 < day <= opens)
            self._found.waiting[district] = (opens, soon + len(waiting), office.room(opens))

    def _is_cut(self, person: Visitor) -> bool:
        """Whether the order in its meter is to cut it: the meters say whether they did."""
        put_in = {one.what: one.put_in for one in person.visits if one.put_in is not None}
        armed, free = put_in.get(CardWish.ARM), put_in.get(CardWish.REACTIVATE)
        return armed is not None and armed < self._cut_at and not (free and free < self._cut_at)


def last_day(cut_at: datetime) -> date:
    """Return the last day on which people can come in time: before T2 in the morning it was."""
    return (cut_at - _NOON).date()


def rehearsed_to(raw_plan: RawPlanFile) -> date:
    """Return the last whole day of what is rehearsed, which is the same for all plans."""
    return max(one.cut_at for one in raw_plan.plan).date() + _ONE_DAY * raw_plan.end_days


def at(day: date, second: int) -> datetime:
    """Return a second of a day as legal time."""
    return datetime.combine(day, time()) + timedelta(seconds=second)


def cents_a_day(use_w: int, model: MeterModel) -> int:
    """Return what a household pays a day, in cents."""
    return max(1, use_w * HOURS_A_DAY * model.credit.price_ueur_per_wh // UEUR_PER_CENT)


def run_out(as_of: date, cents: int, behaviour: Behaviour, model: MeterModel) -> date:
    """Return the day on which credit runs out, at the earliest the day after the sheet was made."""
    days = cents // cents_a_day(behaviour.use_w, model)
    return as_of + _ONE_DAY * min(max(1, days), _NEVER)


def days_before(curve: Sequence[tuple[int, float]], share: float) -> int | None:
    """Return how many days before T2 that share of people has come, `None` if it never does."""
    if share >= curve[-1][1]:
        return None
    for (days, part), (fewer, more) in pairwise(curve):
        if part <= share < more:
            left = (more - share) / (more - part)
            return fewer + int(left * (days - fewer))
    return None
