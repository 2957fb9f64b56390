"""Whether anything fits: what the best class leaves unexplained, against what it would if right.

Two things are looked at. How much speaks against the best class; and how much better the reports
fit if some groups of alike households had the story of another class: wrong reports are scattered,
while a mistake that is not in the catalogue gives a household a story that hangs together. Reports
are made up as the best class predicts them, right or wrong as their sureties say, and the best
class is chosen anew for each set: that it was chosen after the fact is in the chance. Each group of
households may have another of the possible models of meter.
"""

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain
from math import log10, prod
from random import Random
from typing import Final, NamedTuple, TypeAlias, final

TRIALS: Final = 400  # ours: sets of reports that are made up
_TOLD_APART: Final = 2  # digits of a chance in which two statements differ

_Said: TypeAlias = tuple[bool, ...]  # of the reports of one statement: which say that it was so


class _Lack(NamedTuple):
    """Decades against the best class, and those that another one would explain of some groups."""

    against: float
    elsewhere: float


class _Statement(NamedTuple):
    """What reports of alike households say, or its opposite: the same chances in every row.

    A row is a class on a model of meter.
    """

    chances: tuple[float, ...]
    sures: tuple[float, ...]
    said: _Said

    def under(self, outcome: _Said) -> list[float]:
        """Return the likelihood of such reports in decades in each row.

        What a class leaves open is open once, however many repeat it; their errors are their own.
        """
        pairs = tuple(zip(self.sures, outcome, strict=True))
        so = prod(sure if says else 1 - sure for sure, says in pairs)
        not_so = prod(1 - sure if says else sure for sure, says in pairs)
        return [log10(chance * so + (1 - chance) * not_so) for chance in self.chances]

    def made_up(self, row_number: int, chance: Random) -> _Said:
        """Return reports as a row predicts them."""
        so = chance.random() < self.chances[row_number]
        return tuple(so == (chance.random() < sure) for sure in self.sures)


@final
class _Group:
    """The statements about alike households, and `models` rows for each class."""

    def __init__(self, statements: Iterable[_Statement], models: int) -> None:
        self._statements: Final = tuple(statements)
        self._models: Final = models
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
        return self._known[outcomes]

    def made_up(self, best: int, chance: Random) -> tuple[_Said, ...]:
        """Return reports as class number `best` predicts them, on a model that may be this one."""
        rows = self._rows(self.said)[best * self._models : (best + 1) * self._models]
        weights = [10 ** (row - max(rows)) for row in rows]
        (model,) = chance.choices(range(self._models), weights)
        return tuple(one.made_up(best * self._models + model, chance) for one in self._statements)

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
    rows, models = list(chain.from_iterable(classes)), len(classes[0])
    about: dict[Hashable, list[int]] = {}
    for number, one in enumerate(alike):
        about.setdefault(one, []).append(number)
    groups = [_Group(_statements(numbers, rows, sures), models) for numbers in about.values()]
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
    other = max(sum(max(group[best], group[one]) for group in groups) for one in range(len(wholes)))
    return _Lack(round(-wholes[best], 6), round(other - wholes[best], 6)), best


def _smallest_tails(lacks: Sequence[_Lack]) -> Iterator[float]:
    """Yield for each the smaller of its two tails among all."""
    count = len(lacks)
    columns = [sorted(column) for column in zip(*lacks, strict=True)]
    for lack in lacks:
        yield min(
            (count - bisect_left(column, value)) / count
            for column, value in zip(columns, lack, strict=True)
        )


def _statements(
    numbers: Sequence[int], row_chances: Sequence[Sequence[float]], sures: Sequence[float]
) -> Iterator[_Statement]:
    """Yield the statements of some reports; one report may say the opposite of another."""
    found: dict[tuple[float, ...], list[tuple[int, bool]]] = {}
    for number in numbers:
        so = tuple(round(one[number], _TOLD_APART) for one in row_chances)
        not_so = tuple(round(1 - chance, _TOLD_APART) for chance in so)
        key = not_so if not_so in found else so
        found.setdefault(key, []).append((number, key == so))
    for reports in found.values():
        first, _ = reports[0]
        yield _Statement(
            chances=tuple(one[first] for one in row_chances),
            sures=tuple(sures[number] for number, _ in reports),
            said=tuple(says for _, says in reports),
        )
