"""The verbal scale of the answer."""

import pytest

from meter_emu.diagnosis.ranking import in_words


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
