"""The arithmetic of the answer, against enumeration."""

from itertools import product
from math import log10, prod

import pytest

from meter_emu.diagnosis.ranking import chance_of_so_much, in_words, report_chance


def enumerated(chances: list[float], sures: list[float]) -> float:
    """Return the chance of so much against, over all outcomes of the reports."""
    given = [report_chance(*both) for both in zip(chances, sures, strict=True)]

    def weight(as_reported: list[bool]) -> float:
        pairs = zip(given, as_reported, strict=True)
        odds = [(1 - p) / p if so else p / (1 - p) for p, so in pairs]
        return sum(max(0.0, log10(one)) for one in odds)

    seen = weight([True] * len(given))
    return sum(
        prod(p if so else 1 - p for p, so in zip(given, outcome, strict=True))
        for outcome in product([True, False], repeat=len(given))
        if weight(list(outcome)) >= seen - 1e-9
    )


@pytest.mark.parametrize(
    ("chances", "sures"),
    [
        ([0.98, 0.98, 0.02], [0.9, 0.8, 0.95]),
        ([0.02, 0.02, 0.98, 0.6], [0.997, 0.9, 0.75, 0.8]),
        ([0.98] * 6, [0.9] * 6),
        ([0.02] * 5, [0.9, 0.8, 0.7, 0.95, 0.99]),
    ],
)
def test_the_misfit_is_the_tail_of_all_outcomes(chances: list[float], sures: list[float]) -> None:
    found = chance_of_so_much(chances, sures)
    assert found == pytest.approx(enumerated(chances, sures), abs=1e-6)


def test_what_fits_is_no_misfit_and_what_contradicts_all_is_one() -> None:
    assert chance_of_so_much([0.98] * 8, [0.9] * 8) == pytest.approx(1)
    assert chance_of_so_much([0.02] * 8, [0.9] * 8) < 0.001


@pytest.mark.parametrize(
    ("decades", "words"),
    [
        (0.0, "no support"),
        (0.5, "weak support"),
        (1.5, "moderate support"),
        (2.5, "moderately strong support"),
        (3.5, "strong support"),
        (5.0, "very strong support"),
        (6.5, "extremely strong support"),
        (-1.5, "moderate support of nothing wrong"),
    ],
)
def test_the_verbal_scale(decades: float, words: str) -> None:
    assert in_words(decades) == words
