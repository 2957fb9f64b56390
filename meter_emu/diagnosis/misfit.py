"""Whether anything fits: what the best class leaves unexplained, against what it would if right.

Three things are looked at: how much speaks against the best class, and how much better the reports
fit if groups of alike households, or one of them, had the story of another class. Wrong reports are
scattered, while a mistake that is not in the catalogue gives a household a story that hangs
together. Reports are made up as the best class predicts them, right or wrong as their sureties say,
and the best class is chosen anew for each set: that it was chosen after the fact is in the chance.
Each group of households may have another of the possible models of meter.

Meters differ from all that were sampled: now and then something is otherwise for all alike
households. Beyond that each household and each report is by itself.
"""

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from itertools import chain
from math import log10, prod
from random import Random
from typing import Final, NamedTuple, TypeAlias, final

TRIALS: Final = 400  # ours: sets of reports that are made up
OTHERWISE: Final = 0.02  # ours: of statements; see docs/diagnose.md for how often it is right
_TOLD_APART: Final = 2  # digits of a chance in which two statements differ

_Said: TypeAlias = tuple[bool, ...]  # of the reports of one statement: which say that it was so


def report_chance(chance: float, sure: float) -> float:
    """Return the chance of a report: what it states was so and it is right, or neither."""
    return chance * sure + (1 - chance) * (1 - sure)


def _together(chances: Sequence[float], outcome: _Said) -> float:
    """Return the chance of reports that are right or wrong each by itself."""
    return prod(
        chance if says else 1 - chance for chance, says in zip(chances, outcome, strict=True)
    )


class _Lack(NamedTuple):
    """Decades against the best class; those that others would explain, of each group and of one."""

    against: float
    elsewhere: float
    of_one: float


@final
class _Statement:
    """What reports of alike households say, or its opposite: the same chances in every row."""

    def __init__(
        self, chances: Sequence[float], sures: Sequence[float], said: Sequence[bool]
    ) -> None:
        self._chances: Final = chances
        self._sures: Final = sures
        self.said: Final = tuple(said)
        self._known: Final[dict[_Said, list[float]]] = {}

    def under(self, outcome: _Said) -> list[float]:
        """Return the likelihood of such reports in decades in each row."""
        if outcome not in self._known:
            each = {chance: self._decades(chance, outcome) for chance in set(self._chances)}
            self._known[outcome] = [each[chance] for chance in self._chances]
        return self._known[outcome]

    def made_up(self, row_number: int, chance: Random) -> _Said:
        """Return reports as a row predicts them."""
        so = self._chances[row_number]
        if chance.random() < OTHERWISE:
            so = 1 - so
        return tuple(chance.random() < report_chance(so, sure) for sure in self._sures)

    def _decades(self, chance: float, outcome: _Said) -> float:
        each = [report_chance(chance, sure) for sure in self._sures]
        otherwise = [report_chance(1 - chance, sure) for sure in self._sures]
        return log10(
            (1 - OTHERWISE) * _together(each, outcome) + OTHERWISE * _together(otherwise, outcome)
        )


@final
class _Group:
    """The statements about alike households.

    Classes that predict the same of all of them share `models` rows, a row for each model of meter.
    """

    def __init__(
        self,
        numbers: Sequence[int],
        classes: Sequence[Sequence[Sequence[float]]],
        sures: Sequence[float],
    ) -> None:
        predicted = [
            tuple(tuple(round(one[n], _TOLD_APART) for n in numbers) for one in models)
            for models in classes
        ]
        places = {rows: place for place, rows in enumerate(dict.fromkeys(predicted))}
        self._place_of: Final = [places[rows] for rows in predicted]
        self._models: Final = len(classes[0])
        said = [sures[n] for n in numbers]
        self._statements: Final = tuple(_statements(list(chain.from_iterable(places)), said))
        self._known: Final[dict[tuple[_Said, ...], list[float]]] = {}
        self.said: Final = tuple(one.said for one in self._statements)

    def under(self, outcomes: tuple[_Said, ...]) -> list[float]:
        """Return the likelihood of reports in decades under each class, on whichever model."""
        if outcomes not in self._known:
            rows, many = self._rows(outcomes), self._models
            self._known[outcomes] = [
                log10(sum(10**row for row in rows[first : first + many]) / many)
                for first in range(0, len(rows), many)
            ]
        each = self._known[outcomes]
        return [each[place] for place in self._place_of]

    def made_up(self, best: int, chance: Random) -> tuple[_Said, ...]:
        """Return reports as class number `best` predicts them, on a model that may be this one."""
        first = self._place_of[best] * self._models
        rows = self._rows(self.said)[first : first + self._models]
        weights = [10 ** (row - max(rows)) for row in rows]
        (model,) = chance.choices(range(self._models), weights)
        return tuple(one.made_up(first + model, chance) for one in self._statements)

    def _rows(self, outcomes: tuple[_Said, ...]) -> list[float]:
        each = (one.under(said) for one, said in zip(self._statements, outcomes, strict=True))
        return [sum(column) for column in zip(*each, strict=True)]


def misfit_of(
    classes: Sequence[Sequence[Sequence[float]]],
    sures: Sequence[float],
    alike: Sequence[Hashable],
) -> float:
    """Return how seldom so much would be left unexplained if the best class were right.

    `classes` has, for each class and model of meter, the chance of what each report states; `sures`
    how sure each report is; reports with the same in `alike` are about the same sort of household.
    """
    about: dict[Hashable, list[int]] = {}
    for number, one in enumerate(alike):
        about.setdefault(one, []).append(number)
    groups = [_Group(numbers, classes, sures) for numbers in about.values()]
    seen, best = _lack([group.under(group.said) for group in groups])
    chance = Random(0)  # noqa: S311  the same for the same reports
    tried = [
        _lack([group.under(group.made_up(best, chance)) for group in groups])[0]
        for _ in range(TRIALS)
    ]
    smallest = list(_smallest_tails([seen, *tried]))
    return sum(tail <= smallest[0] for tail in smallest) / len(smallest)


def _lack(groups: Sequence[Sequence[float]]) -> tuple[_Lack, int]:
    """Return what the best class leaves unexplained, and which it is."""
    wholes = [sum(each) for each in zip(*groups, strict=True)]
    best = max(range(len(wholes)), key=wholes.__getitem__)
    others = [max(group) - group[best] for group in groups]
    return _Lack(round(-wholes[best], 6), round(sum(others), 6), round(max(others), 6)), best


def _smallest_tails(lacks: Sequence[_Lack]) -> Iterator[float]:
    """Yield for each the smallest of its tails among all."""
    count = len(lacks)
    columns = [sorted(column) for column in zip(*lacks, strict=True)]
    for lack in lacks:
        yield min(
            (count - bisect_left(column, value)) / count
            for column, value in zip(columns, lack, strict=True)
        )


def _statements(
    row_chances: Sequence[Sequence[float]], sures: Sequence[float]
) -> Iterator[_Statement]:
    """Yield the statements of some reports; one report may say the opposite of another."""
    found: dict[tuple[float, ...], list[tuple[float, bool]]] = {}
    for so, sure in zip(zip(*row_chances, strict=True), sures, strict=True):
        not_so = tuple(round(1 - chance, _TOLD_APART) for chance in so)
        key = not_so if not_so in found else so
        found.setdefault(key, []).append((sure, key == so))
    for chances, reports in found.items():
        yield _Statement(chances, *zip(*reports, strict=True))
