"""Whether anything fits: what the best class leaves unexplained, against what it would if right.

Three things are looked at: how much speaks against the best class, how much better the reports fit
if sorts of households had the story of other classes, and how much better if single statements were
otherwise. Wrong reports are scattered, while a mistake that is not in the catalogue gives
households a story that hangs together. Reports are made up as the best class predicts them, right
or wrong as `evidence` has it, and the best class is chosen anew for each set: that it was chosen
after the fact is in the chance. Each sort of households may have another of the possible models of
meter; none has another story, for that is what is to be found.
"""

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from itertools import chain
from random import Random
from typing import Final, NamedTuple

from meter_emu.diagnosis.evidence import AlikeHouseholds, Evidence, SaidSo, mean_of

TRIALS: Final = 400  # ours: sets of reports that are made up


class _Lack(NamedTuple):
    """Decades against the best class; those that others' stories, or the opposite, would gain."""

    against: float
    elsewhere: float
    otherwise: float


def misfit_of(
    classes: Sequence[Sequence[Sequence[float]]],
    sures: Sequence[float],
    alike: Sequence[Hashable],
) -> float:
    """Return how seldom so much would be left unexplained if the best class were right.

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
    """Return reports as the row of a model predicts them that may be this group's."""
    here = group.under(group.said)
    places = [group.place_of[row] for row in models]
    most = max(here[place] for place in places)
    (place,) = chance.choices(places, [10 ** (here[place] - most) for place in places])
    return tuple(one.made_up(place, chance) for one in group.statements)


def _lack(
    evidence: Evidence, models: int, reports: Sequence[tuple[SaidSo, ...]]
) -> tuple[_Lack, int]:
    """Return what the best class leaves unexplained, and which it is."""
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
    """Yield for each the smallest of its tails among all."""
    count = len(lacks)
    columns = [sorted(column) for column in zip(*lacks, strict=True)]
    for lack in lacks:
        yield min(
            (count - bisect_left(column, value)) / count
            for column, value in zip(columns, lack, strict=True)
        )
