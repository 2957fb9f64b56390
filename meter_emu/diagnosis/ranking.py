"""The answer: classes of hypotheses that predict the same, and how well each fits.

Before any report, nothing being wrong has weight 1, and each mistake and each further assumption
costs `ASSUMPTION_DECADES`. These priors are ours: with some 170 mistakes, nothing was wrong once in
seven incidents. A class has the weight of all its members. The likelihood ratio over "nothing was
wrong" needs none of them; it is on the verbal scale of ENFSI's guideline for evaluative reporting
(2015). For `_WRITTEN` stories that the catalogue has there is one that it has not: that of the
nearest class, but for what several reports say alike against it.

These weights decide the answer in two steps: whether anything was wrong, and if so,
whether in the catalogue or outside.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import log10
from typing import Final, final

from meter_emu.diagnosis.evidence import Evidence, agreed_against, mean_of, sum_of
from meter_emu.diagnosis.hypotheses import Hypothesis
from meter_emu.diagnosis.predictions import Assumed, Predictor
from meter_emu.world.meter.build import REFERENCE

ASSUMPTION_DECADES: Final = 1.5  # ours: what one assumption costs in the order of the list
_WRITTEN: Final = 8  # ours: stories of the catalogue for each that is outside
NINE_TO_ONE: Final = 0.9
EVEN: Final = 0.5
_TWO_TO_ONE: Final = 2 / 3  # ours: a wrong "nothing fits" sends an engineer away from what it was
_SUPPORTED: Final = 1.0  # ours: moderate support; who has less explains nothing by the way
_AS_GOOD: Final = 0.05  # ours: decades that are no difference
EXPLAINED: Final = "explained"  # the class predicts it, and a sound meter does not
CONTRADICTED: Final = "contradicted"
SAYS_NOTHING: Final = "says nothing"  # a sound meter gives the same
_CARRIES: Final = 0.1  # ours: a model with less of the likelihood is not named
_TOLD_APART: Final = 2  # digits of a chance in which classes differ
_SCALE: Final = (  # decades, words: ENFSI 2015, table 1
    (6, "extremely strong support"),
    (4, "very strong support"),
    (3, "strong support"),
    (2, "moderately strong support"),
    (1, "moderate support"),
    (log10(2), "weak support"),
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FitClass:
    """Hypotheses that predict the same. `against` and `over_nothing` are in decades.

    `chances` are those of what each report states, `on_models` on each of the possible models.
    """

    members: tuple[Hypothesis, ...]
    assumptions: tuple[str, ...]
    assumed: Assumed
    against: float
    over_nothing: float
    chances: tuple[float, ...]
    on_models: tuple[tuple[float, ...], ...]
    marks: tuple[str, ...]
    models: tuple[str, ...]
    front: bool = False

    @property
    def hypothesis(self) -> Hypothesis:
        """The member that stands for it."""
        return self.members[0]

    @property
    def score(self) -> float:
        """What its weight has lost, in decades: the sort key of the list, smallest first."""
        alike = len(self.names) if self.hypothesis.mistakes else 1
        return self.against + ASSUMPTION_DECADES * len(self.assumptions) - log10(alike)

    @property
    def over_words(self) -> str:
        """Its likelihood ratio over "nothing was wrong", in figures and words."""
        return f"10^{self.over_nothing:.1f}, {in_words(self.over_nothing)}"

    @property
    def conditions(self) -> tuple[str, ...]:
        """What it assumes apart from its mistakes."""
        return tuple(words for words in self.assumptions if words not in self.hypothesis.mistakes)

    @property
    def predicts(self) -> tuple[object, ...]:
        """The predictions that all members of the class share."""
        chances = tuple(round(chance, _TOLD_APART) for chance in self.chances)
        return self.assumed, len(self.assumptions), self.models, chances

    @property
    def names(self) -> tuple[str, ...]:
        """Its members' mistakes, each once; `(plain)` where the reference's guards acquit it."""
        guarded = {one.words for one in self.members if one.base == REFERENCE}
        return tuple(
            dict.fromkeys(
                one.words if one.words in guarded else f"{one.words} (plain)"
                for one in self.members
            )
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """All classes, the best first.

    `wrong` is how likely anything was wrong, `outside` how likely something outside the catalogue.
    Where that is likelier than not, "nothing was wrong" comes behind the supported mistakes.
    `unexplained` are the observations that contradict every class with moderate support, or with
    the most there is, and a sound meter too.
    """

    classes: tuple[FitClass, ...]
    wrong: float
    outside: float
    unexplained: tuple[int, ...]

    @property
    def fits(self) -> bool:
        """Whether something in the catalogue fits: unless it is outside by two to one."""
        return self.wrong < EVEN or self.outside < self.wrong * _TWO_TO_ONE

    @property
    def front(self) -> tuple[FitClass, ...]:
        """The classes of which none is better in both weight and number of assumptions."""
        return tuple(one for one in self.classes if one.front)

    @property
    def first_chance(self) -> float:
        """How likely the first class is the right one, of all there are and what is outside."""
        whole = sum_of([-one.score for one in self.classes])
        return (1 - self.outside) * 10 ** (-self.classes[0].score - whole)


def in_words(decades: float) -> str:
    """Return a likelihood ratio on the verbal scale."""
    for least, words in _SCALE:
        if decades >= least:
            return words
    if decades > -log10(2):
        return "no support"
    return f"{in_words(-decades)} of nothing wrong"


def ranked(predictor: Predictor, hypotheses: Iterable[Hypothesis]) -> Ranking:
    """Return the classes of these hypotheses; every base program alone is among them."""
    readings = _readings(predictor, hypotheses)
    groups: dict[tuple[object, ...], list[FitClass]] = {}
    for same in readings.values():
        for one in _worth_it(same):
            groups.setdefault(one.predicts, []).append(one)
    merged = [
        replace(same[0], members=tuple(one.hypothesis for one in same)) for same in groups.values()
    ]
    outside = _outside(predictor, merged)
    wrong, in_order = _in_order(merged, outside)
    classes = _fronted(in_order)
    support = min(_SUPPORTED, max(one.over_nothing for one in classes))
    explained = {
        number
        for one in classes
        if one.over_nothing >= support or not one.assumptions
        for number, mark in enumerate(one.marks)
        if mark != CONTRADICTED
    }
    return Ranking(
        classes=classes,
        wrong=wrong,
        outside=outside,
        unexplained=tuple(n for n in range(len(classes[0].marks)) if n not in explained),
    )


def _outside(predictor: Predictor, classes: Sequence[FitClass]) -> float:
    """Return how likely it is something outside: by what agrees against each class, on average.

    Where nothing agrees, what is outside predicts what the catalogue does and counts as that.
    """
    whole = sum_of([-one.score for one in classes])
    decades = sum(
        10 ** (-one.score - whole) * agreed_against(predictor.incident.observations, one.chances)
        for one in classes
    )
    odds = (10**decades - 1) / _WRITTEN
    return odds / (1 + odds)


def _in_order(classes: Sequence[FitClass], outside: float) -> tuple[float, list[FitClass]]:
    """Return how likely anything was wrong, by all mistakes together, and the classes in order."""
    by_weight = sorted(
        classes, key=lambda one: (round(one.score, 6), len(one.assumptions), one.names)
    )
    sound = next(one for one in by_weight if not one.assumptions)
    supported = [one for one in by_weight if one.assumptions and one.over_nothing > _AS_GOOD]
    nothing = 10 ** (-sound.score - sum_of([-one.score for one in (sound, *supported)]))
    wrong = 1 - (1 - outside) * nothing
    first = supported if wrong > EVEN else [sound]
    return wrong, [*first, *(one for one in by_weight if one not in first)]


def _readings(
    predictor: Predictor, hypotheses: Iterable[Hypothesis]
) -> dict[Hypothesis, list[FitClass]]:
    """Return each hypothesis with its possible assumptions, as classes of one."""
    worlds, asked = predictor.worlds, list(hypotheses)
    read = list(product(dict.fromkeys((Hypothesis(), *asked)), predictor.readings()))
    rows = [predictor.chances(what, how, world) for what, how in read for world in worlds]
    sures = [one.sure for one in predictor.incident.observations]
    perfect = sum(map(log10, sures))
    fits = [one - perfect for one in Evidence(rows, sures, predictor.alike).decades()]
    found: dict[Hypothesis, list[FitClass]] = {}
    sound: FitClass | None = None
    for number, (hypothesis, assumed) in enumerate(read):
        mine = slice(number * len(worlds), (number + 1) * len(worlds))
        one = _alone(predictor, hypothesis, assumed, rows[mine], fits[mine], sound)
        sound = sound or one
        found.setdefault(hypothesis, []).append(one)
    return {hypothesis: found[hypothesis] for hypothesis in asked}


def _alone(
    predictor: Predictor,
    hypothesis: Hypothesis,
    assumed: Assumed,
    each: Sequence[Sequence[float]],
    fits: Sequence[float],
    sound: FitClass | None,
) -> FitClass:
    """Return a hypothesis with its assumptions as a class of one; `fits` are decades."""
    worlds = predictor.worlds
    parts = [10 ** (fit - max(fits)) for fit in fits]
    chances = tuple(
        sum(part * chance for part, chance in zip(parts, column, strict=True)) / sum(parts)
        for column in zip(*each, strict=True)
    )
    carried = [world for world, part in zip(worlds, parts, strict=True) if part > _CARRIES]
    rare = bool(hypothesis.mistakes) and predictor.rare(hypothesis)
    against = max(0.0, -mean_of(fits))
    ordinary = chances if sound is None else sound.chances
    return FitClass(
        members=(hypothesis,),
        assumptions=(*hypothesis.mistakes, *assumed.words, *(("a rare phase",) if rare else ())),
        assumed=assumed,
        against=against,
        over_nothing=0.0 if sound is None else sound.against - against,
        chances=chances,
        on_models=tuple(map(tuple, each)),
        marks=tuple(_mark(*both) for both in zip(chances, ordinary, strict=True)),
        models=() if len(carried) == len(worlds) else tuple(dict.fromkeys(sum(carried, ()))),
    )


def _worth_it(readings: Iterable[FitClass]) -> list[FitClass]:
    """Return the readings whose further assumptions improve the fit."""
    kept: list[FitClass] = []
    for one in sorted(readings, key=lambda reading: len(reading.assumptions)):
        fewer = [two for two in kept if set(two.assumed.words) < set(one.assumed.words)]
        if all(one.against < two.against - _AS_GOOD for two in fewer):
            kept.append(one)
    return kept


def _mark(chance: float, ordinary: float) -> str:
    if chance < 0.5:
        return CONTRADICTED
    return SAYS_NOTHING if ordinary >= 0.5 else EXPLAINED


def _fronted(classes: Sequence[FitClass]) -> tuple[FitClass, ...]:
    def beaten(one: FitClass) -> bool:
        size = len(one.assumptions)
        return any(
            two.against <= one.against - (0 if len(two.assumptions) < size else _AS_GOOD)
            for two in classes
            if len(two.assumptions) <= size
        )

    return tuple(replace(one, front=not beaten(one)) for one in classes)
