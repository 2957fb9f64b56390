"""The likelihood of reports under a prediction: one model, for the ranking and for the misfit.

Several reports may make the same statement about households of the same sort. If real meters behave
there unlike every sampled one, all these reports are off together. So each statement is false with
probability `OTHERWISE`, for all its reports at once; given that, each report is right or wrong
independently, with its own surety. For the same reason no single sort of households can count
against a prediction by more than `LAST_WORD`, relative to the prediction that fits that sort best.
"""

from collections.abc import Hashable, Iterator, Sequence
from math import log10, prod
from random import Random
from typing import Final, TypeAlias, final

# Doubt: chosen on 40 incidents of one seed and tried on 80 of two others: over these the two bars
# of a misfit hold, on one seed alone they do not.
OTHERWISE: Final = 0.01  # ours: of statements; see docs/diagnose.md for how often it is right
LAST_WORD: Final = 0.003  # ours: the chance that a sort of households has another story
_TOLD_APART: Final = 2  # digits of a chance in which two statements differ

SaidSo: TypeAlias = tuple[bool, ...]  # of the reports of one statement: which say that it was so


def report_chance(chance: float, sure: float) -> float:
    """Return the chance that a report is made: it is right and the fact holds, or neither."""
    return chance * sure + (1 - chance) * (1 - sure)


def mean_of(decades: Sequence[float]) -> float:
    """Return the mean of likelihoods, which are given and returned in decades."""
    most = max(decades)
    return most + log10(sum(10 ** (one - most) for one in decades) / len(decades))


@final
class ReportedStatement:
    """One statement about a sort of households, and who affirms or denies it.

    `chances` has, for each distinct prediction, the chance that the statement is true.
    """

    def __init__(
        self, chances: Sequence[float], sures: Sequence[float], said: Sequence[bool]
    ) -> None:
        self._chances: Final = chances
        self._sures: Final = sures
        self.said: Final = tuple(said)
        self._known: Final[dict[SaidSo, list[float]]] = {}

    def under(self, outcome: SaidSo) -> list[float]:
        """Return the likelihood of these reports, in decades, under each distinct prediction."""
        if outcome not in self._known:
            each = {chance: self._decades(chance, outcome) for chance in set(self._chances)}
            self._known[outcome] = [each[chance] for chance in self._chances]
        return self._known[outcome]

    def otherwise(self, place: int, outcome: SaidSo) -> float:
        """Return by how many decades these reports fit the opposite statement better."""
        so, not_so = self._both(self._chances[place], outcome)
        return max(0.0, log10(not_so / so))

    def made_up(self, place: int, chance: Random) -> SaidSo:
        """Return reports drawn at random from one prediction."""
        so = self._chances[place]
        if chance.random() < OTHERWISE:
            so = 1 - so
        return tuple(chance.random() < report_chance(so, sure) for sure in self._sures)

    def _both(self, chance: float, outcome: SaidSo) -> tuple[float, float]:
        so, not_so = (
            prod(
                report_chance(one if says else 1 - one, sure)
                for says, sure in zip(outcome, self._sures, strict=True)
            )
            for one in (chance, 1 - chance)
        )
        return so, not_so

    def _decades(self, chance: float, outcome: SaidSo) -> float:
        so, not_so = self._both(chance, outcome)
        return log10((1 - OTHERWISE) * so + OTHERWISE * not_so)


@final
class AlikeHouseholds:
    """The statements about one sort of households; rows with equal predictions share a place."""

    def __init__(
        self, numbers: Sequence[int], predictions: Sequence[Sequence[float]], sures: Sequence[float]
    ) -> None:
        predicted = [tuple(round(row[n], _TOLD_APART) for n in numbers) for row in predictions]
        places = {chances: place for place, chances in enumerate(dict.fromkeys(predicted))}
        self.place_of: Final = [places[chances] for chances in predicted]
        self.statements: Final = tuple(_statements(list(places), [sures[n] for n in numbers]))
        self.said: Final = tuple(one.said for one in self.statements)
        self._known: Final[dict[tuple[SaidSo, ...], list[float]]] = {}

    def under(self, outcomes: tuple[SaidSo, ...]) -> list[float]:
        """Return the likelihood of all reports, in decades, under each distinct prediction."""
        if outcomes not in self._known:
            each = (one.under(said) for one, said in zip(self.statements, outcomes, strict=True))
            self._known[outcomes] = [sum(column) for column in zip(*each, strict=True)]
        return self._known[outcomes]


@final
class Evidence:
    """All reports, and a row of `predictions` for each class and model.

    A row has, for each report, the chance that its statement is true. `sures` has the surety of
    each report; reports with equal values in `alike` are about one sort of households.
    """

    def __init__(
        self,
        predictions: Sequence[Sequence[float]],
        sures: Sequence[float],
        alike: Sequence[Hashable],
    ) -> None:
        about: dict[Hashable, list[int]] = {}
        for number, one in enumerate(alike):
            about.setdefault(one, []).append(number)
        self.groups: Final = tuple(
            AlikeHouseholds(numbers, predictions, sures) for numbers in about.values()
        )

    def decades(self, reports: Sequence[tuple[SaidSo, ...]] | None = None) -> list[float]:
        """Return the likelihood in decades of `reports`, by default the real ones, in each row."""
        each: list[list[float]] = []
        for number, group in enumerate(self.groups):
            here = group.under(group.said if reports is None else reports[number])
            most = max(here)
            bound = [most + log10((1 - LAST_WORD) * 10 ** (one - most) + LAST_WORD) for one in here]
            each.append([bound[place] for place in group.place_of])
        return [sum(column) for column in zip(*each, strict=True)]


def _statements(
    places: Sequence[Sequence[float]], sures: Sequence[float]
) -> Iterator[ReportedStatement]:
    """Yield the distinct statements; a report that denies one belongs to it as well."""
    found: dict[tuple[float, ...], list[tuple[float, bool]]] = {}
    for so, sure in zip(zip(*places, strict=True), sures, strict=True):
        not_so = tuple(round(1 - chance, _TOLD_APART) for chance in so)
        key = not_so if not_so in found else so
        found.setdefault(key, []).append((sure, key == so))
    for chances, reports in found.items():
        yield ReportedStatement(chances, *zip(*reports, strict=True))
