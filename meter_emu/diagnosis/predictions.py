"""What a hypothesis predicts for each observation, as a chance, from the signatures.

Nuisances are marginalised: phases, loads, visits and drifts by counting sampled households, the
model of meter as a *world*, because all reports of a fleet are about the same models. What is no
nuisance is an assumption, and is counted: a part of the fleet only, another product in the control
fleet, a phase that is rare among the samples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import product
from math import exp, log10
from typing import Final, NamedTuple, final

from meter_emu.diagnosis.hypotheses import Hypothesis
from meter_emu.diagnosis.incident import BOTH, Incident, IncidentFleet, Observation
from meter_emu.diagnosis.kept import KeptSignatures
from meter_emu.diagnosis.sampling import SampledHousehold
from meter_emu.diagnosis.sightings import HANGS, report_of, truth_of
from meter_emu.errors import ConfigError
from meter_emu.world.households.household import Household, VisitKind

UNSEEN: Final = 0.01  # ours: the chance of what none of the sampled households shows
_ONE_OF_FEW: Final = 0.04  # ours: added to both outcomes when one person is spoken of
_MISCOUNTED: Final = 0.3  # ours: how likely a count is reported that is up to half or twice
RARE: Final = 0.2  # ours: where at most so many samples of a kind and model show something
_PARTS: Final = 9  # ours: points between the bounds of the part of a fleet, evenly in its logarithm

ModelWorld = tuple[str, ...]  # a model of meter for each energy


class Assumed(NamedTuple):
    """The further assumptions under which a hypothesis is read, apart from its mistakes."""

    part: bool = False
    other_product: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """Each assumption, as a memo names it."""
        each = ("a part of the fleet only", "another product in the control fleet")
        return tuple(words for words, so in zip(each, self, strict=True) if so)


class Tally(NamedTuple):
    """Of the households that an observation is about: the share that show it, and of how many.

    `met` of them are expected to show it, and the likeliest with chance `most`.
    """

    share: float
    met: float
    most: float
    asked: int


@final
class Predictor:
    """Predicts the observations of one incident from kept signatures.

    Raise `ConfigError` for an observation that is about none of the households.
    """

    def __init__(
        self,
        incident: Incident,
        households: Sequence[SampledHousehold],
        kept: KeptSignatures,
    ) -> None:
        self.incident: Final = incident
        self.households: Final = tuple(households)
        self.kept: Final = kept
        self._about: Final = [
            tuple(n for n, one in enumerate(self.households) if is_about(observation, one))
            for observation in incident.observations
        ]
        for one, places in zip(incident.observations, self._about, strict=True):
            if not places:
                raise ConfigError(
                    incident.path, f"observed {one.id!r}", "is about no household of it"
                )
        self._tallies: Final[dict[tuple[int, str, ModelWorld | None], Tally]] = {}

    @cached_property
    def worlds(self) -> tuple[ModelWorld, ...]:
        """A model of meter for each energy of the first fleet, in all combinations."""
        by_energy: dict[str, list[str]] = {}
        for name, model in self.incident.first.models.items():
            by_energy.setdefault(model.energy, []).append(name)
        return tuple(product(*by_energy.values()))

    @cached_property
    def alike(self) -> tuple[object, ...]:
        """For each observation, a key that is equal for the same sort of household."""
        nameless = {
            name: replace(person, household=replace(person.household, id=""))
            for name, person in self.incident.persons.items()
        }
        return tuple(
            one.whose if one.whose.id is None else nameless[one.whose.id]
            for one in self.incident.observations
        )

    def about(self, number: int) -> tuple[int, ...]:
        """Return the places of the households that observation `number` is about."""
        return self._about[number]

    def readings(self) -> Iterator[Assumed]:
        """Yield the sets of assumptions that this incident allows."""
        parts = any(fleet.part is not None for fleet in self.incident.fleets.values())
        unknown = any(fleet.same_product is None for fleet in self.incident.fleets.values())
        for part, other in product((False, True) if parts else (False,), (False, True)):
            if not other or unknown:
                yield Assumed(part, other)

    def chances(self, hypothesis: Hypothesis, assumed: Assumed, world: ModelWorld) -> list[float]:
        """Return, for each observation, the chance that its statement is true."""
        return [
            self._chance(number, one, hypothesis, assumed, world)
            for number, one in enumerate(self.incident.observations)
        ]

    def rare(self, hypothesis: Hypothesis) -> bool:
        """Whether a positive report requires a poll phase that is rare among the samples."""
        for number, observation in enumerate(self.incident.observations):
            whose = observation.whose
            other = whose.id is not None or whose.fleet != self.incident.first.name
            if observation.many != "some" or other:
                continue
            alike: dict[tuple[str, str], list[bool]] = {}
            for place in self._about[number]:
                one = self.households[place]
                so = self._said(place, hypothesis, observation) >= HANGS
                alike.setdefault((one.kind, one.model), []).append(so)
            most = max((sum(met) / len(met) for met in alike.values()), default=0.0)
            if 0 < most <= RARE:
                return True
        return False

    def there(self, hypothesis: Hypothesis, fleet_name: str, assumed: Assumed) -> Hypothesis:
        """Return what is wrong in a fleet: another office is right, another product sound."""
        fleet = self.incident.fleets[fleet_name]
        if _other(fleet, assumed):
            return Hypothesis(hypothesis.base)
        return hypothesis if fleet is self.incident.first else hypothesis._replace(office=None)

    def _chance(
        self,
        number: int,
        observation: Observation,
        hypothesis: Hypothesis,
        assumed: Assumed,
        world: ModelWorld,
    ) -> float:
        fleet = self.incident.fleets[observation.whose.fleet]
        here = self.there(hypothesis, fleet.name, assumed)
        on = None if _other(fleet, assumed) else world
        found = self._tally(number, here, on)
        sound = self._tally(number, Hypothesis(hypothesis.base), on)
        if observation.whose.id is not None:
            chance = (found.met + _ONE_OF_FEW) / (found.asked + 2 * _ONE_OF_FEW)
            return 1 - chance if observation.many == "none" else chance
        part = (fleet.part or self.incident.first.part) if assumed.part else None
        shares = [
            at * found.share + (1 - at) * sound.share
            for at in ([1.0] if part is None else _points(part))
        ]
        if observation.exposed is not None:
            assert observation.heard is not None, "a silence has both"
            rate = observation.exposed * observation.heard
            return sum(exp(-rate * share) for share in shares) / len(shares)
        if observation.many == "share":
            assert observation.share is not None, "a share has its bounds"
            low, high = observation.share
            inside = sum(_counted_as(share, low, high) for share in shares) / len(shares)
            return min(1 - UNSEEN, max(UNSEEN, inside))
        seen = max(found.most, 0.0 if part is None else sound.most)
        chance = min(1 - UNSEEN, max(UNSEEN, seen))
        return chance if observation.many == "some" else 1 - chance

    def _said(self, place: int, hypothesis: Hypothesis, observation: Observation) -> float:
        """Return how likely it is reported: who saw it may have a time wrong, a count has none."""
        say = report_of if observation.many == "some" else truth_of
        load_percent = self.households[place].load_percent
        return say(self.kept.of(place, hypothesis), observation.seen, load_percent)

    def _tally(self, number: int, hypothesis: Hypothesis, world: ModelWorld | None) -> Tally:
        key = (number, hypothesis.key, world)
        if key not in self._tallies:
            self._tallies[key] = self._counted(number, hypothesis, world)
        return self._tallies[key]

    def _counted(self, number: int, hypothesis: Hypothesis, world: ModelWorld | None) -> Tally:
        observation = self.incident.observations[number]
        places = self._about[number]
        fleet = self.incident.fleets[observation.whose.fleet]
        if world is not None:
            there = [place for place in places if self.households[place].model in world]
            places = tuple(there) or places  # a fleet without that model has its own
        each = [self._said(place, hypothesis, observation) for place in places]
        kinds: dict[str, list[float]] = {}
        for place, so in zip(places, each, strict=True):
            kinds.setdefault(self.households[place].kind, []).append(so)
        most = max(each)
        if observation.whose.energy == BOTH:  # as likely as in the meter in which it is less so
            by_energy: dict[str, float] = {}
            for place, so in zip(places, each, strict=True):
                energy = self.households[place].energy
                by_energy[energy] = max(so, by_energy.get(energy, 0.0))
            most = min(by_energy.values())
        # A person's household is no kind of the fleet's, and counts as one.
        shares = [(fleet.weights.get(kind, 1), sum(one) / len(one)) for kind, one in kinds.items()]
        whole = sum(weight for weight, _ in shares)
        return Tally(
            sum(weight * share for weight, share in shares) / whole, sum(each), most, len(each)
        )


def _counted_as(share: float, low: float, high: float) -> float:
    """Return how likely a share is counted as between two others."""
    if low <= share <= high:
        return 1.0
    return _MISCOUNTED if low / 2 <= share <= 2 * high else 0.0


def _other(fleet: IncidentFleet, assumed: Assumed) -> bool:
    return fleet.same_product is False or (fleet.same_product is None and assumed.other_product)


def _points(part: tuple[float, float]) -> list[float]:
    low, high = (log10(bound) for bound in part)
    return [10 ** (low + (high - low) * n / (_PARTS - 1)) for n in range(_PARTS)]


def is_about(observation: Observation, one: SampledHousehold) -> bool:
    """Whether an observation is about a sampled household."""
    whose = observation.whose
    if whose.id is not None:
        return one.person == whose.id
    if one.fleet != whose.fleet or one.person is not None:
        return False
    if whose.kind is not None and one.kind != whose.kind:
        return False
    if whose.energy not in (None, BOTH, one.energy):
        return False
    if whose.reactivated is None:
        return True
    seen = observation.seen
    first_us, last_us = seen.cut_us or (seen.fed_us or seen.off_us or 0,) * 2
    by_us = first_us if whose.reactivated else last_us  # so it is, whenever it happened
    return whose.reactivated == reactivated_by(one.household, by_us)


def reactivated_by(household: Household, before_us: int) -> bool:
    """Whether a card with a reactivation was in the meter before an instant."""
    written = False
    for visit in household.visits:
        if visit.at_us >= before_us:
            return False
        if visit.desk is not None and visit.desk.reactivate:
            written = True
        elif written and visit.kind is VisitKind.INSERT:
            return True
    return False
