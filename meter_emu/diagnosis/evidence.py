"""How well reports fit what is predicted: one model, for the ranking and for the misfit alike.

Reports of one statement about households of one sort share a cause: real meters may do otherwise
there than all that were sampled, and then all who say so agree. So a statement is otherwise with
probability `OTHERWISE`, for all its reports at once, and beyond that each report is right or wrong
by itself, as its surety says. For the same reason one sort of households speaks against a
prediction with no more than the decades of `LAST_WORD`, next to the prediction that fits it best.
"""

from collections.abc import Hashable, Iterator, Sequence
from math import log10, prod
from random import Random
from typing import Final, TypeAlias, final

OTHERWISE: Final = 0.01  # ours: of statements; see docs/diagnose.md for how often it is right
LAST_WORD: Final = 0.003  # ours: the chance that a sort of households has another story
_TOLD_APART: Final = 2  # digits of a chance in which two statements differ

SaidSo: TypeAlias = tuple[bool, ...]  # of the reports of one statement: which say that it was so


def report_chance(chance: float, sure: float) -> float:
    """Return the chance of a report: what it states was so and it is right, or neither."""
    return chance * sure + (1 - chance) * (1 - sure)


def mean_of(decades: Sequence[float]) -> float:
    """Return the mean of likelihoods in decades."""
    most = max(decades)
    return most + log10(sum(10 ** (one - most) for one in decades) / len(decades))


@final
class ReportedStatement:
    """What reports of alike households say, or its opposite; `chances` are of each place."""

    def __init__(
        self, chances: Sequence[float], sures: Sequence[float], said: Sequence[bool]
    ) -> None:
        self._chances: Final = chances
        self._sures: Final = sures
        self.said: Final = tuple(said)
        self._known: Final[dict[SaidSo, list[float]]] = {}

    def under(self, outcome: SaidSo) -> list[float]:
        """Return the likelihood of such reports in decades at each place."""
        if outcome not in self._known:
            each = {chance: self._decades(chance, outcome) for chance in set(self._chances)}
            self._known[outcome] = [each[chance] for chance in self._chances]
        return self._known[outcome]

    def otherwise(self, place: int, outcome: SaidSo) -> float:
        """Return by how many decades such reports fit the opposite better."""
        so, not_so = self._both(self._chances[place], outcome)
        return max(0.0, log10(not_so / so))

    def made_up(self, place: int, chance: Random) -> SaidSo:
        """Return reports as a place predicts them."""
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
    """The statements about alike households; rows that predict the same of them are one place."""

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
        """Return the likelihood of reports in decades at each place."""
        if outcomes not in self._known:
            each = (one.under(said) for one, said in zip(self.statements, outcomes, strict=True))
            self._known[outcomes] = [sum(column) for column in zip(*each, strict=True)]
        return self._known[outcomes]


@final
class Evidence:
    """Reports, and rows of `predictions`: the chance that what each report states was so.

    `sures` are how sure each report is; reports with the same in `alike` are about one sort of
    households.
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
        """Return the likelihood of reports in decades in each row; of those that were made."""
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
    """Yield the statements of some reports; one report may say the opposite of another."""
    found: dict[tuple[float, ...], list[tuple[float, bool]]] = {}
    for so, sure in zip(zip(*places, strict=True), sures, strict=True):
        not_so = tuple(round(1 - chance, _TOLD_APART) for chance in so)
        key = not_so if not_so in found else so
        found.setdefault(key, []).append((sure, key == so))
    for chances, reports in found.items():
        yield ReportedStatement(chances, *zip(*reports, strict=True))
