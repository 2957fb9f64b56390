"""Pairs of mistakes: each runs in one deciding household; those left run in all households.

Two shortcuts are unsound, measured: to leave out mistakes whose routines a household never calls
(parts keep answers unless built fresh), and to compose a pair from its halves (5 % of the cells are
wrong, among them `end-exclusive` with `reactivation-clears-one`). So every pair runs.
"""

from collections.abc import Iterator, Sequence
from math import log10
from typing import Final, NamedTuple, final

from meter_emu.diagnosis.evidence import Evidence, mean_of
from meter_emu.diagnosis.hypotheses import Hypothesis
from meter_emu.diagnosis.predictions import Predictor
from meter_emu.diagnosis.ranking import ASSUMPTION_DECADES, CONTRADICTED, Ranking
from meter_emu.diagnosis.sightings import meets

SCREENS_MAX: Final = 3  # ours: households in turn, until a pair survives in one


class PairScreen(NamedTuple):
    """The household on which every pair runs: its place, and which observations it is to meet."""

    place: int
    observations: tuple[int, ...]


def screens(predictor: Predictor, ranking: Ranking) -> Iterator[PairScreen]:
    """Yield a household of each sort that the leading class contradicts, the most first.

    Shares and silences decide nothing about one household.
    """
    leader = ranking.classes[0]
    weights: dict[int, float] = {}
    about: dict[int, list[int]] = {}
    for number, observation in enumerate(predictor.incident.observations):
        first = observation.whose.fleet == predictor.incident.first.name
        if leader.marks[number] != CONTRADICTED or observation.many == "share" or not first:
            continue
        weight = log10(observation.sure / (1 - observation.sure))
        for place in predictor.about(number):
            weights[place] = weights.get(place, 0.0) + weight
            about.setdefault(place, []).append(number)
    carried = set(leader.models)

    def rank(place: int) -> tuple[float, bool, int]:
        model = predictor.households[place].model
        return -weights[place], bool(carried) and model not in carried, place

    known = set[tuple[int, ...]]()
    for place in sorted(weights, key=rank):
        if (met := tuple(about[place])) not in known:
            known.add(met)
            yield PairScreen(place, met)


def survivors(
    predictor: Predictor,
    where: PairScreen,
    pairs: Sequence[Hypothesis],
    ranking: Ranking,
) -> tuple[Hypothesis, ...]:
    """Return the pairs that meet on the deciding household what the leading class does not.

    One that is there as a half alone is left out, unless the other half would explain more than a
    second mistake costs, if each sort of households had the story of either.
    """
    gains = _Gains(predictor, ranking)

    def adds(pair: Hypothesis) -> bool:
        mine = predictor.kept.of(where.place, pair)
        met = any(
            meets(mine, observation.seen) == (observation.many == "some")
            for observation in (predictor.incident.observations[n] for n in where.observations)
        )
        halves = halves_of(pair)
        there = [half for half in halves if predictor.kept.of(where.place, half) == mine]
        if not met or not there:
            return met
        return any(
            gains.of(half, other) > ASSUMPTION_DECADES
            for half in there
            for other in halves
            if other is not half
        )

    return tuple(pair for pair in pairs if adds(pair))


@final
class _Gains:
    """How much a second mistake could explain, from the sorts of households it fits better."""

    def __init__(self, predictor: Predictor, ranking: Ranking) -> None:
        sures = [one.sure for one in predictor.incident.observations]
        rows = [row for one in ranking.classes for row in one.on_models]
        groups = Evidence(rows, sures, predictor.alike).groups
        many = len(predictor.worlds)
        self._by_sort: Final[dict[str, list[float]]] = {}
        for number, one in enumerate(ranking.classes):
            mine = range(number * many, (number + 1) * many)
            fits = [
                mean_of([group.decades[group.place_of[row]] for row in mine]) for group in groups
            ]
            for member in one.members:
                self._by_sort.setdefault(member.key, fits)

    def of(self, half: Hypothesis, other: Hypothesis) -> float:
        """Return the most decades that adding the other half could gain."""
        first, sound, second = (
            self._by_sort[key] for key in (half.key, Hypothesis(half.base).key, other.key)
        )
        return sum(
            max(0.0, fit - max(*so_far)) for fit, *so_far in zip(second, first, sound, strict=True)
        )


def halves_of(pair: Hypothesis) -> tuple[Hypothesis, ...]:
    """Return each of a pair's mistakes alone, on the same base."""
    alone = [Hypothesis(pair.base, (defect,)) for defect in pair.defects]
    return (*alone, *([] if pair.office is None else [Hypothesis(pair.base, office=pair.office)]))
