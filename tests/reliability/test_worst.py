"""The worst that was found by failing again and again is within what is promised."""

import pytest

from tests.reliability.stage import EXHAUSTIVE
from tests.reliability.worst import HARMS, search


@pytest.mark.slow("searches for the worst")
def test_no_search_finds_more_harm_than_is_promised():
    worst = search(4_000 if EXHAUSTIVE else 40)
    assert worst.keys() <= HARMS.keys()
    for harm, (most, attack) in worst.items():
        assert most <= HARMS[harm], (harm, attack)
