"""The likelihood of the reports under a prediction, and what those that speak against it agree on.

Several reports may make the same statement about households of the same sort. If real meters behave
there unlike every sampled one, all these reports are off together. So each statement is false with
probability `OTHERWISE`, for all its reports at once; given that, each report is right or wrong
independently, with its own surety. For the same reason no single sort of households can count
against a prediction by more than `LAST_WORD`, relative to the prediction that fits that sort best.

Wrong reports are scattered, while a mistake that nobody has written gives households a story that
several people tell. So what speaks for one is the reports against a prediction that agree, without
as many of them as may just be wrong.
"""

from collections.abc import Hashable, Iterator, Sequence
from math import log10, prod
from typing import Final, final

from meter_emu.diagnosis.incident import Observation

OTHERWISE: Final = 0.01  # ours: of statements
LAST_WORD: Final = 0.003  # ours: the chance that a sort of households has another story
# Ours: a report with less chance is against a prediction; one that is an hour off, or half a count,
# has more.
_UNPREDICTED: Final = 0.2
_TOLD_APART: Final = 2  # digits of a chance in which two statements differ


def report_chance(chance: float, sure: float) -> float:
    """Return the chance that a report is made: it is right and the fact holds, or neither."""
    return chance * sure + (1 - chance) * (1 - sure)


def mean_of(decades: Sequence[float]) -> float:
    """Return the mean of likelihoods, which are given and returned in decades."""
    return sum_of(decades) - log10(len(decades))


def sum_of(decades: Sequence[float]) -> float:
    """Return the sum of likelihoods, which are given and returned in decades."""
    most = max(decades)
    return most + log10(sum(10 ** (one - most) for one in decades))


@final
class AlikeHouseholds:
    """What is reported of one sort of households; rows with equal predictions share a place.

    `decades` has the likelihood of its reports at each place.
    """

    def __init__(
        self, numbers: Sequence[int], predictions: Sequence[Sequence[float]], sures: Sequence[float]
    ) -> None:
        predicted = [tuple(round(row[n], _TOLD_APART) for n in numbers) for row in predictions]
        places = {chances: place for place, chances in enumerate(dict.fromkeys(predicted))}
        self.place_of: Final = [places[chances] for chances in predicted]
        each = _statements(list(places), [sures[n] for n in numbers])
        self.decades: Final = [sum(column) for column in zip(*each, strict=True)]


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

    def decades(self) -> list[float]:
        """Return the likelihood of the reports, in decades, in each row."""
        each: list[list[float]] = []
        for group in self.groups:
            most = max(group.decades)
            bound = [
                most + log10((1 - LAST_WORD) * 10 ** (one - most) + LAST_WORD)
                for one in group.decades
            ]
            each.append([bound[place] for place in group.place_of])
        return [sum(column) for column in zip(*each, strict=True)]


def agreed_against(observations: Sequence[Observation], chances: Sequence[float]) -> float:
    """Return the decades with which reports that agree speak against a prediction.

    Reports of a cut agree where their times overlap; the others always do. As many of the surest as
    are expected to be wrong, of all reports and one at least, count for nothing.
    """
    against = [one for one, so in zip(observations, chances, strict=True) if so < _UNPREDICTED]
    cuts = [(one, *one.seen.cut_us) for one in against if one.seen.cut_us and one.many != "none"]
    others = [one for one in against if one.seen.cut_us is None or one.many == "none"]
    at_once = (
        [_decades_of(one) for one, first_us, last_us in cuts if first_us <= us <= last_us]
        for _, us, _ in cuts
    )
    told = sorted([*max(at_once, key=sum, default=[]), *map(_decades_of, others)])
    wrong = max(1, int(sum(1 - one.sure for one in observations)))
    return sum(told[:-wrong])


def _decades_of(one: Observation) -> float:
    return log10(one.sure / (1 - one.sure))


def _statements(places: Sequence[Sequence[float]], sures: Sequence[float]) -> Iterator[list[float]]:
    """Yield the likelihood of the reports of each distinct statement, in decades, at each place.

    A report that denies a statement belongs to it as well.
    """
    found: dict[tuple[float, ...], list[tuple[float, bool]]] = {}
    for so, sure in zip(zip(*places, strict=True), sures, strict=True):
        not_so = tuple(round(1 - chance, _TOLD_APART) for chance in so)
        key = not_so if not_so in found else so
        found.setdefault(key, []).append((sure, key == so))
    for chances, reports in found.items():
        each = {chance: _likelihood(chance, reports) for chance in set(chances)}
        yield [each[chance] for chance in chances]


def _likelihood(chance: float, reports: Sequence[tuple[float, bool]]) -> float:
    """Return the likelihood, in decades, of the reports that affirm or deny a statement."""
    so, not_so = (
        prod(report_chance(one if says else 1 - one, sure) for sure, says in reports)
        for one in (chance, 1 - chance)
    )
    return log10((1 - OTHERWISE) * so + OTHERWISE * not_so)
