"""What would decide: the report to ask again about, the question, the meter to open, the order.

Each is worth the bits by which its answer is expected to narrow what is left: the leading
hypotheses, that nothing was wrong, and something outside the catalogue. Every answer of a meter
comes from running a household, never from a rule about a mistake.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import log2
from typing import Final, NamedTuple, final

from meter_emu.diagnosis.bench_orders import bench_orders
from meter_emu.diagnosis.evidence import report_chance
from meter_emu.diagnosis.hypotheses import Hypothesis
from meter_emu.diagnosis.incident import Incident
from meter_emu.diagnosis.predictions import Assumed, Predictor
from meter_emu.diagnosis.ranking import Ranking
from meter_emu.diagnosis.sampling import SampledHousehold
from meter_emu.diagnosis.signatures import Signature
from meter_emu.ports import Button
from meter_emu.units import DAY_US, MINUTE_US, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Visit, VisitKind
from meter_emu.world.meter.acts import Press
from meter_emu.world.meter.times import us_to_legal

LEADERS_MAX: Final = 12  # ours: hypotheses that are told apart
_FAR: Final = 2.0  # ours: decades behind the first class; what is further is no leader
_PER_CLASS: Final = 4  # ours: members of one class among them
STEPS_MAX: Final = 3  # ours: that a page names of each sort
_HALF_A_DAY_US: Final = DAY_US // 2  # ours: a display is read before the first cut, or after all
_PAGES: Final = {"CLOCK": "the date of its clock", "T1": "T1", "T2": "T2", "ORDER": "its order"}
_PRESSES: Final = 7  # of the blue button: then each page was shown
_LEAST_BITS: Final = 0.05  # ours: below, an answer changes nothing
OUTSIDE: Final = "something outside the catalogue"
# What a next step can be, the cheapest first.
AGAIN: Final = "ask again, who reported it"
ASK: Final = "ask people"
OPEN: Final = "open a meter, as it is now"
ORDER: Final = "order on a bench, real meter"


class Leader(NamedTuple):
    """One of the hypotheses to tell apart, and how likely it is among all that is left."""

    hypothesis: Hypothesis
    weight: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """A step to take, its worth in bits, and who would give which answer.

    An order on a bench has its campaign, which a laboratory can run with the real meter.
    """

    how: str
    words: str
    bits: float
    answers: tuple[tuple[str, tuple[str, ...]], ...]
    campaign: Campaign | None = None


def leaders(ranking: Ranking) -> tuple[Leader, ...]:
    """Return the hypotheses to tell apart: nothing wrong, and members of the first classes.

    Each class has its weight; together they leave room for what is outside the catalogue.
    """
    sound = next(one for one in ranking.classes if not one.assumptions)
    found = {sound.hypothesis.words: Leader(Hypothesis(), 10**-sound.score)}
    for one in ranking.classes:
        if one.score > ranking.classes[0].score + _FAR or len(found) >= LEADERS_MAX:
            break
        members = {member.words: member for member in reversed(one.members)}
        new = [member for words, member in members.items() if words not in found][:_PER_CLASS]
        for member in new:
            found[member.words] = Leader(member, 10**-one.score / len(new))
    first = tuple(found.values())[:LEADERS_MAX]
    whole = sum(one.weight for one in first) / (1 - ranking.outside)
    return tuple(Leader(one.hypothesis, one.weight / whole) for one in first)


@final
@dataclass(frozen=True, slots=True)
class Probes:
    """The households that can be asked about, and the orders that can be tried, ready to run.

    `read` are sampled households whose display is read before the first cut and after the last
    report; `bench` are meters fresh from their installer, each with the order's words.
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
    return Probes(tuple(read), tuple(bench_orders(incident)))


def asked_again(incident: Incident, ranking: Ranking) -> tuple[Decider, ...]:
    """Return the reports whose confirmation would tell most, the best first."""
    classes = [one for one in ranking.classes if one.score <= ranking.classes[0].score + _FAR]
    whole = sum(10**-one.score for one in classes) / (1 - ranking.outside)
    found = []
    for number, report in enumerate(incident.observations):
        so = [
            one.chances[number] * report.sure / report_chance(one.chances[number], report.sure)
            for one in classes
        ]
        each = [(10**-one.score / whole, chance) for one, chance in zip(classes, so, strict=True)]
        each.append((ranking.outside, report.sure))
        mean = sum(weight * chance for weight, chance in each)
        bits = _entropy([mean, 1 - mean]) - sum(
            weight * _entropy([chance, 1 - chance]) for weight, chance in each
        )
        names: dict[bool, list[str]] = {True: [], False: []}
        for one, chance in zip(classes, so, strict=True):
            names[chance >= mean] += one.names
        names[report.sure >= mean].append(OUTSIDE)
        of_whom = ", ".join(report.refs) or "the operator"
        answers = (("it was so", tuple(names[True])), ("it was not", tuple(names[False])))
        found.append(
            Decider(
                how=AGAIN, words=f"{of_whom}: {report.words}?", bits=max(0.0, bits), answers=answers
            )
        )
    return _best(found)


@final
class Deciding:
    """Chooses the steps; the signatures of its households are kept from place `first` on."""

    def __init__(
        self,
        predictor: Predictor,
        given: Probes,
        first: int,
        ranking: Ranking,
    ) -> None:
        self._predictor, self._given = predictor, given
        self._first: Final = first
        self._among: Final = leaders(ranking)
        self._outside: Final = ranking.outside

    def runs(self) -> dict[int, list[Hypothesis]]:
        """Return the runs that are still needed, by place."""
        return {
            place: list(dict.fromkeys(self._each_there(one)))
            for place, one in enumerate(self._given.households, self._first)
        }

    def questions(self) -> tuple[Decider, ...]:
        """Return the most informative questions to people, the best first."""
        return _best(self._asked())

    def openings(self) -> tuple[Decider, ...]:
        """Return the meters to open, and what to look at in each, the best first."""
        return _best(self._opened())

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
        while results and len(found) < STEPS_MAX:
            before = self._bits(known)
            gains = [self._bits(_joined(known, answers)) - before for *_, answers in results]
            best = max(range(len(gains)), key=lambda place: (round(gains[place], 6), -place))
            if gains[best] < _LEAST_BITS:
                break
            words, one, _, answers = results[best]
            tried = self._decider(ORDER, words, answers)
            found.append(replace(tried, bits=gains[best], campaign=one.campaign))
            known = _joined(known, answers)
        return tuple(found)

    def _asked(self) -> Iterator[Decider]:
        for one, seen, name in self._read():
            zone = one.household.model.zone
            when = us_to_legal(_before_us(self._predictor.incident, one.fleet), zone)
            day = f"{when.day} {when:%B %H:%M}"
            for page, what in _PAGES.items():
                shown = [_page(signature.shown[:_PRESSES], page) for signature in seen]
                words = f"{name}: what did the display show as {what}, {day}?"
                yield self._decider(ASK, words, shown)
            cuts = [cut_words(signature, one, hourly=True) for signature in seen]
            yield self._decider(ASK, f"{name}: in which hour did the supply first go off?", cuts)
            for place, visit in enumerate(one.household.visits):
                if visit.kind is VisitKind.INSERT and one.person is not None:
                    at = us_to_legal(visit.at_us, zone)
                    what = f"{name}: what did the card do on {at.day} {at:%B about %H:%M}?"
                    answers = [_answer(signature, place) for signature in seen]
                    yield self._decider(ASK, what, answers)

    def _opened(self) -> Iterator[Decider]:
        for _, seen, name in self._read():
            for page, what in _PAGES.items():
                shown = [_page(signature.shown[_PRESSES:], page) for signature in seen]
                yield self._decider(OPEN, f"{name}: what does it show as {what}?", shown)

    def _read(self) -> Iterator[tuple[SampledHousehold, list[Signature], str]]:
        """Yield each household that is read, what it shows under each leader, and who it is."""
        for number, one in enumerate(self._given.read):
            yield (
                one,
                self._signatures(number, one),
                f"{one.fleet}, {one.person or f'a household as {one.kind}'}",
            )

    def _decider(self, how: str, words: str, answers: Sequence[str]) -> Decider:
        bits = self._bits([(answer,) for answer in answers])
        grouped: dict[str, list[str]] = {}
        for leader, answer in zip(self._among, answers, strict=True):
            grouped.setdefault(answer, []).append(leader.hypothesis.words)
        said = [(answer, tuple(names)) for answer, names in grouped.items()]
        return Decider(
            how=how, words=words, bits=bits, answers=(*said, ("anything else", (OUTSIDE,)))
        )

    def _bits(self, answers: Sequence[tuple[str, ...]]) -> float:
        """Return the entropy of the answers: each leader gives one, what is outside another."""
        mass: dict[tuple[str, ...], float] = {}
        for leader, answer in zip(self._among, answers, strict=True):
            mass[answer] = mass.get(answer, 0.0) + leader.weight
        return _entropy([*mass.values(), self._outside]) if any(answers) else 0.0

    def _signatures(self, number: int, one: SampledHousehold) -> list[Signature]:
        place = self._first + number
        return [self._predictor.kept.of(place, under) for under in self._each_there(one)]

    def _each_there(self, one: SampledHousehold) -> Iterator[Hypothesis]:
        """Yield, for each leader, the mistakes present in a household."""
        for leader in self._among:
            yield self._predictor.there(leader.hypothesis, one.fleet, Assumed())


def _best(found: Iterator[Decider] | Sequence[Decider]) -> tuple[Decider, ...]:
    """Return the most informative, without those that tell the same as one before."""
    different: dict[object, Decider] = {}
    for one in sorted(found, key=lambda one: -round(one.bits, 6)):
        if one.bits >= _LEAST_BITS:
            different.setdefault(tuple(sorted(names for _, names in one.answers)), one)
    return tuple(different.values())[:STEPS_MAX]


def _entropy(chances: Sequence[float]) -> float:
    return -sum(chance * log2(chance) for chance in chances if chance > 0)


def _joined(so_far: Sequence[tuple[str, ...]], answers: Sequence[str]) -> list[tuple[str, ...]]:
    return [(*before, answer) for before, answer in zip(so_far, answers, strict=True)]


def _one_of_each(households: Sequence[SampledHousehold]) -> Iterator[SampledHousehold]:
    """Yield one sampled household for each person, then for each kind."""
    first: dict[object, SampledHousehold] = {}
    for one in sorted(households, key=lambda one: one.person is None):
        first.setdefault((one.fleet, one.person, one.kind), one)
    return iter(first.values())


def _before_us(incident: Incident, fleet: str) -> int:
    """Return the instant half a day before the first reported cut."""
    said = [
        one.seen.cut_us[0]
        for one in incident.observations
        if one.whose.fleet == fleet and one.many != "none" and one.seen.cut_us is not None
    ]
    return min(said, default=incident.fleets[fleet].campaign.end_us - DAY_US) - _HALF_A_DAY_US


def _pressed(incident: Incident, one: SampledHousehold) -> SampledHousehold:
    """Return a household whose display is read before the first cut, and at the end of it all."""
    blue = Press(Button.BLUE)
    looks = (_before_us(incident, one.fleet), one.campaign.end_us - MINUTE_US)
    presses = (
        Visit(at_us=at_us + n * 5 * SECOND_US, kind=VisitKind.ACT, act=blue)
        for at_us in looks
        for n in range(_PRESSES)
    )
    visits = sorted((*one.household.visits, *presses), key=lambda visit: visit.at_us)
    return replace(one, household=replace(one.household, visits=tuple(visits)))


def _page(presses: Sequence[tuple[int, str]], page: str) -> str:
    """Return what a page of the display showed, without the time of the day of a clock."""
    for _, text in presses:
        words = text.split()
        if words and words[0] == page:
            return " ".join(words[:2]) if page == "CLOCK" else " ".join(words)
    return "no such page"


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
