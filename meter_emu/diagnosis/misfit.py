"""A test of fit: does the best class leave more unexplained than it would if it were true?

Three quantities are compared: how much counts against the best class; how much better the reports
would fit if each sort of households behaved as some other class predicts; and how much better if
single statements were false. Wrong reports are scattered, while a mistake that is not in the
catalogue changes whole sorts of households consistently.

The reference distribution is simulated: reports are drawn from the best class with the errors of
`evidence`, and the best class is chosen anew for each draw, so that choosing it after seeing the
reports does not bias the test. In a draw each sort of households may have any of the possible
models of meter, but never another class: that is the alternative being tested.
"""

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from itertools import chain
from random import Random
from typing import Final, NamedTuple

from meter_emu.diagnosis.evidence import AlikeHouseholds, Evidence, SaidSo, mean_of

TRIALS: Final = 400  # ours: sets of reports that are made up


class _Lack(NamedTuple):
    """Decades against the best class; what other classes, or opposite statements, would gain."""

    against: float
    elsewhere: float
    otherwise: float


def misfit_of(
    classes: Sequence[Sequence[Sequence[float]]],
    sures: Sequence[float],
    alike: Sequence[Hashable],
) -> float:
    """Return the chance of leaving at least so much unexplained if the best class is true.

    `classes` has, for each class and model of meter, the chance of what each report states; the
    others are those of `Evidence`.
    """
    evidence = Evidence(list(chain.from_iterable(classes)), sures, alike)
    models = len(classes[0])
    seen, best = _lack(evidence, models, [group.said for group in evidence.groups])
    chance = Random(0)  # noqa: S311  the same for the same reports
    rows = range(best * models, (best + 1) * models)
    tried = [
        _lack(evidence, models, [_made_up(group, rows, chance) for group in evidence.groups])[0]
        for _ in range(TRIALS)
    ]
    smallest = list(_smallest_tails([seen, *tried]))
    return sum(tail <= smallest[0] for tail in smallest) / len(smallest)


def _made_up(group: AlikeHouseholds, models: range, chance: Random) -> tuple[SaidSo, ...]:
    """Return reports drawn from the best class, for a model drawn by how well it fits."""
    here = group.under(group.said)
    places = [group.place_of[row] for row in models]
    most = max(here[place] for place in places)
    (place,) = chance.choices(places, [10 ** (here[place] - most) for place in places])
    return tuple(one.made_up(place, chance) for one in group.statements)


def _lack(
    evidence: Evidence, models: int, reports: Sequence[tuple[SaidSo, ...]]
) -> tuple[_Lack, int]:
    """Return what the best class leaves unexplained, and the number of that class."""
    rows = evidence.decades(reports)
    wholes = [mean_of(rows[first : first + models]) for first in range(0, len(rows), models)]
    best = max(range(len(wholes)), key=wholes.__getitem__)
    row = max(range(best * models, (best + 1) * models), key=rows.__getitem__)
    elsewhere = otherwise = 0.0
    for group, said in zip(evidence.groups, reports, strict=True):
        here, place = group.under(said), group.place_of[row]
        elsewhere += max(here) - here[place]
        each = zip(group.statements, said, strict=True)
        otherwise += sum(statement.otherwise(place, outcome) for statement, outcome in each)
    return _Lack(round(-wholes[best], 6), round(elsewhere, 6), round(otherwise, 6)), best


def _smallest_tails(lacks: Sequence[_Lack]) -> Iterator[float]:
    """Yield, for each draw, the smallest of its three tail probabilities among all draws."""
    count = len(lacks)
    columns = [sorted(column) for column in zip(*lacks, strict=True)]
    for lack in lacks:
        yield min(
            (count - bisect_left(column, value)) / count
            for column, value in zip(columns, lack, strict=True)
        )
