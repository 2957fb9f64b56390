"""What would decide: the question to people, or the order on a bench, that tells most apart.

A question is worth the bits by which its answer is expected to narrow the leading hypotheses. Every
answer comes from running a household, never from a rule about a mistake.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import log2
from typing import Final, NamedTuple, final

from meter_emu.diagnosis.hypotheses import Hypothesis
from meter_emu.diagnosis.incident import Incident
from meter_emu.diagnosis.predictions import Assumed, Predictor
from meter_emu.diagnosis.ranking import Ranking
from meter_emu.diagnosis.sampling import SampledHousehold
from meter_emu.diagnosis.signatures import Signature
from meter_emu.ports import Button
from meter_emu.units import DAY_US, MINUTE_US, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import (
    Announcement,
    DeskOrder,
    Entry,
    Household,
    Households,
    Visit,
    VisitKind,
)
from meter_emu.world.meter.acts import Press
from meter_emu.world.meter.times import to_us, us_to_civil, us_to_legal

LEADERS_MAX: Final = 12  # ours: hypotheses that are told apart
_FAR: Final = 2.0  # ours: decades behind the first class; what is further is no leader
_PER_CLASS: Final = 4  # ours: members of one class among them
QUESTIONS_MAX: Final = 3  # ours: that a memo names of each sort
_BEFORE_US: Final = DAY_US // 2  # ours: a display is read half a day before the first cut
_LEAST_BITS: Final = 0.05  # ours: below, an answer changes nothing


class Leader(NamedTuple):
    """One of the hypotheses to tell apart, and its weight among them."""

    hypothesis: Hypothesis
    weight: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """A question or an experiment, its worth in bits, and who would give which answer.

    An experiment has its campaign, which a laboratory can run with the real meter.
    """

    words: str
    bits: float
    answers: tuple[tuple[str, tuple[str, ...]], ...]
    campaign: Campaign | None = None


def leaders(ranking: Ranking) -> tuple[Leader, ...]:
    """Return the hypotheses to tell apart: members of the first classes, each class its weight."""
    found: dict[str, Leader] = {}
    for one in ranking.classes:
        if one.score > ranking.classes[0].score + _FAR:
            break
        if one.assumptions and one.over_nothing <= 0:
            continue
        members = {member.words: member for member in reversed(one.members)}
        new = [member for words, member in members.items() if words not in found][:_PER_CLASS]
        for member in new:
            found[member.words] = Leader(member, 10**-one.score / len(new))
        if len(found) >= LEADERS_MAX:
            break
    first = tuple(found.values())[:LEADERS_MAX]
    whole = sum(one.weight for one in first)
    return tuple(Leader(one.hypothesis, one.weight / whole) for one in first)


@final
@dataclass(frozen=True, slots=True)
class Probes:
    """The households that can be asked about, and the orders that can be tried, ready to run.

    `read` are sampled households with the blue button pressed before the first cut; `bench` are
    meters fresh from their installer, each with the order's words.
    """

    read: tuple[SampledHousehold, ...]
    bench: tuple[tuple[str, SampledHousehold], ...]

    @property
    def households(self) -> tuple[SampledHousehold, ...]:
        """All probe households, in the order of their kept signatures."""
        return (*self.read, *(one for _, one in self.bench))


def probes(incident: Incident, households: Sequence[SampledHousehold]) -> Probes:
    """Return what can be asked and tried in an incident."""
    read = (_pressed(incident, one) for one in _one_of_each(households))
    return Probes(tuple(read), tuple(_orders(incident)))


@final
class Deciding:
    """Chooses questions and bench orders; their signatures are kept from place `first` on."""

    def __init__(
        self, predictor: Predictor, given: Probes, first: int, among: Sequence[Leader]
    ) -> None:
        self._predictor, self._given = predictor, given
        self._first: Final = first
        self._among: Final = tuple(among)

    def runs(self) -> dict[int, list[Hypothesis]]:
        """Return the runs that are still needed, by place."""
        return {
            place: list(dict.fromkeys((Hypothesis(), *self._each_there(one))))
            for place, one in enumerate(self._given.households, self._first)
        }

    def questions(self) -> tuple[Decider, ...]:
        """Return the most informative questions to people, the best first."""
        different: dict[object, Decider] = {}
        for one in sorted(self._asked(), key=lambda one: -round(one.bits, 6)):
            if one.bits >= _LEAST_BITS:
                different.setdefault(tuple(sorted(names for _, names in one.answers)), one)
        return tuple(different.values())[:QUESTIONS_MAX]

    def alike(self) -> tuple[tuple[Hypothesis, ...], ...]:
        """Return the leaders that no order on a bench tells apart, in groups."""
        groups: dict[tuple[str, ...], list[Hypothesis]] = {}
        each = [answers for *_, answers in self._tried()]
        for number, leader in enumerate(self._among):
            does = tuple(answers[number] for answers in each)
            if does:
                groups.setdefault(does, []).append(leader.hypothesis)
        return tuple(tuple(group) for group in groups.values() if len(group) > 1)

    def _tried(self) -> Iterator[tuple[str, SampledHousehold, int, list[str]]]:
        """Yield each order with its household, its number and each leader's answer."""
        for number, (words, one) in enumerate(self._given.bench, len(self._given.read)):
            answers = [cut_words(signature, one) for signature in self._signatures(number, one)]
            yield words, one, number, answers

    def experiments(self) -> tuple[Decider, ...]:
        """Return the bench orders worth trying, each valued by the bits it adds to those before."""
        found: list[Decider] = []
        known: list[tuple[str, ...]] = [() for _ in self._among]
        results = list(self._tried())
        while results and len(found) < QUESTIONS_MAX:
            before = _bits(self._among, known)
            gains = [
                _bits(self._among, _joined(known, answers)) - before for *_, answers in results
            ]
            best = max(range(len(gains)), key=lambda place: (round(gains[place], 6), -place))
            if gains[best] < _LEAST_BITS:
                break
            words, one, number, answers = results[best]
            sound = cut_words(self._predictor.kept.of(self._first + number, Hypothesis()), one)
            found.append(
                Decider(
                    words=f"{words} (a sound meter: {sound})",
                    bits=gains[best],
                    answers=_grouped(self._among, answers),
                    campaign=one.campaign,
                )
            )
            known = _joined(known, answers)
        return tuple(found)

    def _asked(self) -> Iterator[Decider]:
        for number, one in enumerate(self._given.read):
            name = one.person or f"{one.fleet}, a household as {one.kind}"
            zone = one.household.model.zone
            when = us_to_legal(_asked_us(self._predictor.incident, one.fleet), zone)
            day = f"{when.day} {when:%B %H:%M}"
            seen = self._signatures(number, one)
            for page, what in enumerate(("the date of its clock", "T1", "T2")):
                shown = [_page(signature, page) for signature in seen]
                yield self._decider(f"{name}: what did the display show as {what}, {day}?", shown)
            cuts = [cut_words(signature, one, hourly=True) for signature in seen]
            yield self._decider(f"{name}: in which hour did the supply first go off?", cuts)
            for place, visit in enumerate(one.household.visits):
                if visit.kind is VisitKind.INSERT and one.person is not None:
                    at = us_to_legal(visit.at_us, zone)
                    what = f"{name}: what did the card do on {at.day} {at:%B about %H:%M}?"
                    yield self._decider(what, [_answer(signature, place) for signature in seen])

    def _decider(self, words: str, answers: Sequence[str]) -> Decider:
        bits = _bits(self._among, [(answer,) for answer in answers])
        return Decider(words=words, bits=bits, answers=_grouped(self._among, answers))

    def _signatures(self, number: int, one: SampledHousehold) -> list[Signature]:
        place = self._first + number
        return [self._predictor.kept.of(place, under) for under in self._each_there(one)]

    def _each_there(self, one: SampledHousehold) -> Iterator[Hypothesis]:
        """Yield, for each leader, the mistakes present in a household."""
        for leader in self._among:
            yield self._predictor.there(leader.hypothesis, one.fleet, Assumed())


def _joined(so_far: Sequence[tuple[str, ...]], answers: Sequence[str]) -> list[tuple[str, ...]]:
    return [(*before, answer) for before, answer in zip(so_far, answers, strict=True)]


def _bits(among: Sequence[Leader], answers: Sequence[tuple[str, ...]]) -> float:
    """Return the entropy of the answers, in bits; each hypothesis gives exactly one answer."""
    mass: dict[tuple[str, ...], float] = {}
    for leader, answer in zip(among, answers, strict=True):
        mass[answer] = mass.get(answer, 0.0) + leader.weight
    return -sum(part * log2(part) for part in mass.values() if part > 0)


def _grouped(
    among: Sequence[Leader], answers: Sequence[str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, list[str]] = {}
    for leader, answer in zip(among, answers, strict=True):
        found.setdefault(answer, []).append(leader.hypothesis.words)
    return tuple((answer, tuple(names)) for answer, names in found.items())


def _one_of_each(households: Sequence[SampledHousehold]) -> Iterator[SampledHousehold]:
    """Yield one sampled household for each kind and each person."""
    first: dict[object, SampledHousehold] = {}
    for one in households:
        first.setdefault((one.fleet, one.person, one.kind), one)
    return iter(first.values())


def _asked_us(incident: Incident, fleet: str) -> int:
    """Return the instant half a day before the first reported cut."""
    said = [
        one.seen.cut_us[0]
        for one in incident.observations
        if one.whose.fleet == fleet and one.many != "none" and one.seen.cut_us is not None
    ]
    return min(said, default=incident.fleets[fleet].campaign.end_us - DAY_US) - _BEFORE_US


def _pressed(incident: Incident, one: SampledHousehold) -> SampledHousehold:
    """Return a household in which the blue button is pressed three times before the first cut."""
    at_us = _asked_us(incident, one.fleet)
    blue = Press(Button.BLUE)
    presses = (
        Visit(at_us=at_us + n * 5 * SECOND_US, kind=VisitKind.ACT, act=blue) for n in range(3)
    )
    visits = sorted((*one.household.visits, *presses), key=lambda visit: visit.at_us)
    return replace(one, household=replace(one.household, visits=tuple(visits)))


def _page(signature: Signature, number: int) -> str:
    """Return what a press of the blue button showed, without the time of the day of a clock."""
    if number >= len(signature.shown):
        return "nothing: the program had failed"
    words = signature.shown[number][1].split()
    return " ".join(words[:2]) if words and words[0] == "CLOCK" else " ".join(words)


def _answer(signature: Signature, number: int) -> str:
    found = [card for card in signature.cards if card.visit == number]
    return f"{found[0].answer}: {found[0].shown}" if found else "nothing"


def cut_words(signature: Signature, one: SampledHousehold, *, hourly: bool = False) -> str:
    """Return when the supply first went off, to some minutes or to the hour."""
    if not signature.off:
        return "the program fails" if signature.failed else "not cut"
    legal = us_to_legal(signature.off[0][0] * SECOND_US, one.household.model.zone)
    if hourly:
        return f"cut on {legal.day} {legal:%B} in the hour of {legal:%H}:00"
    rounded = legal.replace(second=0, minute=legal.minute // 15 * 15)
    return f"cut on {legal.day} {legal:%B %Y} from {rounded:%H:%M}"


# The bench ---------------------------------------------------------------------------------------


class BenchOrder(NamedTuple):
    """An order for a bench: how it differs from the announced one."""

    words: str
    moved: Callable[[datetime], datetime]
    reactivate: bool = False


def _next_year(when: datetime) -> datetime:
    return when.replace(year=when.year + 1, day=min(when.day, 28) if when.month == 2 else when.day)


BENCH_ORDERS: Final = (
    BenchOrder("the order as announced", lambda when: when),
    BenchOrder("an order for noon of that day", lambda when: when.replace(hour=12, minute=0)),
    BenchOrder("an order for 21:30 of that day", lambda when: when.replace(hour=21, minute=30)),
    BenchOrder("an order for the day after", lambda when: when + timedelta(days=1)),
    BenchOrder("an order for the same day a year later", _next_year),
    BenchOrder(
        "an order for 10 October, 20:10",
        lambda when: when.replace(month=10, day=10, hour=20, minute=10),
    ),
    BenchOrder(
        "an order for 15 January, 09:00",
        lambda when: when.replace(month=1, day=15, hour=9, minute=0),
    ),
    BenchOrder(
        "the order as announced, and a reactivation the day before", lambda when: when, True
    ),
)
_ARMED_BEFORE: Final = timedelta(days=3)  # ours: long enough for a day's counting to go wrong


def _orders(incident: Incident) -> Iterator[tuple[str, SampledHousehold]]:
    """Yield each order to try, as a household with a meter fresh from its installer."""
    fleet = incident.first
    ordered = [(kind, us) for kind in fleet.kinds for us in _ordered_us(kind)]
    if not ordered:
        return
    kind, cut_us = ordered[0]
    name, model = next(
        (name, model) for name, model in fleet.models.items() if model.energy == kind.model.energy
    )
    announced = us_to_legal(cut_us, incident.zone).replace(tzinfo=None)
    for order in BENCH_ORDERS:
        cut = order.moved(announced)
        household = replace(kind, model=model, model_name=name)
        words = f"{order.words}: {cut:%Y-%m-%d %H:%M}"
        yield words, _on_a_bench(household, order, cut, fleet.name)


def _ordered_us(kind: Household) -> Iterator[int]:
    """Yield the cuts that a household's cards ordered."""
    for visit in kind.visits:
        if visit.desk is not None and visit.desk.cut_us is not None:
            yield visit.desk.cut_us


def _on_a_bench(kind: Household, order: BenchOrder, cut: datetime, fleet: str) -> SampledHousehold:
    zone = kind.model.zone
    cut_us = to_us(cut.replace(tzinfo=zone.info))
    armed_us = to_us((cut - _ARMED_BEFORE).replace(hour=10, minute=0, tzinfo=zone.info))
    start_us = armed_us - 120 * MINUTE_US
    civil = us_to_civil(cut_us, zone)
    announced = Announcement(
        defer_until=civil, cut_at=civil, defer_us=cut_us, cut_us=cut_us, text="", made_us=start_us
    )
    desk = DeskOrder(defer_until=civil, cut_at=civil, defer_us=cut_us, cut_us=cut_us)
    visits = [
        Visit(at_us=armed_us, kind=VisitKind.DESK, desk=desk, in_file=1),
        Visit(at_us=armed_us + 30 * MINUTE_US, kind=VisitKind.INSERT, in_file=2),
    ]
    if order.reactivate:
        back_us = cut_us - DAY_US - 600 * MINUTE_US
        visits += [
            Visit(at_us=back_us, kind=VisitKind.DESK, desk=DeskOrder(reactivate=True), in_file=3),
            Visit(at_us=back_us + 30 * MINUTE_US, kind=VisitKind.INSERT, in_file=4),
        ]
    household = replace(
        kind,
        id="bench",
        kind=f"on a bench: {order.words}",
        balance_cents=5_000,
        load=(100,) * 24,
        clock_set_us=start_us,
        clock_error_s=0,
        drift_ppb=0,
        poll_phase_us=0,
        outages=(),
        visits=tuple(visits),
        announced=(announced,),
        expect=None,
        expect_cut_us=None,
    )
    alone = Campaign(
        name=f"Bench: {order.words}",
        zone=zone,
        start_us=start_us,
        end_us=cut_us + 2 * DAY_US,
        seed=0,
        announced=(announced,),
        households=Households((Entry(first=household, count=1, poll_phase_us=0),), 0),
    )
    return SampledHousehold(fleet, None, "bench", household, alone)
