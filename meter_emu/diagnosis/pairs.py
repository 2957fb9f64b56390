"""Pairs of mistakes: each runs in one household that decides, and what survives there in all.

Two shortcuts are unsound, measured: to leave out mistakes whose routines a household never calls
(parts keep answers unless built fresh), and to compose a pair from its halves (5 % of the cells are
wrong, among them `end-exclusive` with `reactivation-clears-one`). So every pair runs.
"""

from collections.abc import Sequence
from math import log10
from typing import NamedTuple

from meter_emu.diagnosis.hypotheses import Hypothesis
from meter_emu.diagnosis.predictions import Predictor
from meter_emu.diagnosis.ranking import CONTRADICTED, Ranking


class PairScreen(NamedTuple):
    """The household on which every pair runs: its place, and which observations it is to meet."""

    place: int
    observations: tuple[int, ...]


def screen(predictor: Predictor, ranking: Ranking) -> PairScreen | None:
    """Return the household of which the leading class contradicts most; `None` for nothing.

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
    if not weights:
        return None
    carried = set(leader.models)

    def rank(place: int) -> tuple[float, bool, int]:
        model = predictor.households[place].model
        return weights[place], not carried or model in carried, -place

    place = max(weights, key=rank)
    return PairScreen(place, tuple(about[place]))


def survivors(
    predictor: Predictor,
    where: PairScreen,
    pairs: Sequence[Hypothesis],
    ranking: Ranking,
) -> tuple[Hypothesis, ...]:
    """Return the pairs that meet on the deciding household what the leading class does not.

    One that is there as a half alone is left out, unless its other half has support of its own: it
    may explain what is reported elsewhere.
    """
    supported = {
        member.words for one in ranking.classes if one.over_nothing > 0 for member in one.members
    }

    def adds(pair: Hypothesis) -> bool:
        mine = predictor.kept.of(where.place, pair)
        met = any(
            mine.meets(observation.seen) == (observation.many == "some")
            for observation in (predictor.incident.observations[n] for n in where.observations)
        )
        halves = {half.words: predictor.kept.of(where.place, half) for half in halves_of(pair)}
        if not met or mine not in halves.values():
            return met
        return any(words in supported for words, alone in halves.items() if alone != mine)

    return tuple(pair for pair in pairs if adds(pair))


def halves_of(pair: Hypothesis) -> tuple[Hypothesis, ...]:
    """Return each of a pair's mistakes alone, on the same base."""
    alone = [Hypothesis(pair.base, (defect,)) for defect in pair.defects]
    return (*alone, *([] if pair.office is None else [Hypothesis(pair.base, office=pair.office)]))
