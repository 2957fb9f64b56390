"""The row of obligations against a second oracle, at each boundary and at instants drawn anew.

A hundred and sixty homes in the gate, 300 in `make test-whole`; `make test-judge` has 5,000.
"""

from collections import Counter

import pytest

from meter_emu.world.judge.obligations import RULES, Must
from tests.cells import few
from tests.world.judge.homes import (
    LIMITED_FROM,
    Seen,
    disagreements,
    households,
    room_of,
    stuck,
)

HOMES = few(300, short=160)
DRAWN = HOMES + HOMES // 7  # some are no household
SEEDS = (*range(DRAWN), *range(LIMITED_FROM, LIMITED_FROM + DRAWN))


@pytest.fixture(scope="module")
def near() -> Counter[str]:
    return Counter()


@pytest.fixture(scope="module")
def seen(near) -> list[Seen]:
    return list(households(SEEDS, near))


@pytest.mark.slow("lives and judges many homes")
def test_the_row_is_what_the_second_oracle_says(seen):
    said: Counter[Must | None] = Counter()
    assert len(seen) >= HOMES
    assert list(disagreements(seen, said=said)) == []
    assert said[None] < 0.6 * said.total(), "the second oracle decides many instants"
    for must in Must:
        assert said[must] > HOMES / 8, f"{must} is hardly ever asked for"


def test_the_homes_have_defects_of_all_rooms_and_causes_near_each_other(seen, near):
    built = Counter(one.household.build.rpartition("+")[2] for one in seen)
    met = {name: room for name, room in room_of().items() if name in built}
    assert len(met) >= few(140, short=95)
    assert set(met.values()) == set(room_of().values())
    assert built["reference"] >= HOMES / 4
    for place, rate in {"card": 3, "step": 10, "outage": 14}.items():
        assert near[place] > HOMES / rate, f"hardly any cause of doubt is near a {place}"


@pytest.mark.slow("lives and judges many homes", short=3)
@pytest.mark.parametrize(
    "name",
    [
        "no power",
        "cut",
        "cut allowed",
        "without supply",
        "deferral",
        "period",
        "no credit",
        "limiter",
    ],
)
def test_a_rule_taken_away_is_noticed(seen, name):
    rules = [rule for rule in RULES if rule.name != name]
    assert len(rules) == len(RULES) - 1
    assert any(disagreements(stuck(seen) if name == "cut" else seen, rules))


@pytest.mark.slow("lives and judges many homes")
def test_the_row_of_a_switch_that_never_moves_is_what_the_second_oracle_says(seen):
    """What must be does not come from what was done: after T2 it is off, although it was not."""
    said: Counter[Must | None] = Counter()
    assert list(disagreements(stuck(seen), said=said)) == []
    assert said[Must.OFF] > HOMES
