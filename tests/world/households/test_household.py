"""Households are made when asked for: every one findable, none twice."""

from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from meter_emu.resources import find
from meter_emu.world.households.household import Entry, Households, shared_id, shared_meter_id
from meter_emu.world.judge.verdict import expected, judge
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter

FLEET = load_campaign(find("campaigns", "ores-fleet"))
FIRST = FLEET.households.entries[0].first
NAMES = ["a", "b", "a-1", "a-2", "a-1-1", "a-01", "b-10", "-1", "a-"]


def entry(name: str, count: int, meter_id: int = 1) -> Entry:
    return Entry(first=replace(FIRST, id=name, meter_id=meter_id), count=count)


def entries(names: list[tuple[str, int]]) -> list[Entry]:
    return [entry(name, count) for name, count in names]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.integers(1, 11)), min_size=1, max_size=5))
def test_a_shared_id_is_found_without_making_the_copies(names):
    households = Households(tuple(entries(names)), seed=0)
    ids = [household.id for household in households]
    twice = {name for name in ids if ids.count(name) > 1}
    found = shared_id(households.entries)
    assert found in twice if twice else found is None


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 6)), min_size=1, max_size=6))
def test_a_shared_meter_number_is_found_likewise(numbers):
    many = [entry(f"e{at}", count, first) for at, (first, count) in enumerate(numbers)]
    ids = [household.meter_id for household in Households(tuple(many), seed=0)]
    twice = {number for number in ids if ids.count(number) > 1}
    found = shared_meter_id(many)
    assert found in twice if twice else found is None


def test_a_household_is_the_same_by_place_and_in_turn():
    households = Households((entry("a", 3), entry("b", 1, 10), entry("c", 2, 20)), seed=5)
    assert [households[place] for place in range(len(households))] == list(households)
    assert [household.id for household in households] == ["a-1", "a-2", "a-3", "b", "c-1", "c-2"]
    for place in (-1, 6):
        with pytest.raises(IndexError, match=f"no household {place} of 6"):
            households[place]


def test_the_fleet_has_the_numbers_of_2_july_2020():
    counts = [entry.count for entry in FLEET.households.entries]
    names = [entry.first.id for entry in FLEET.households.entries]
    not_yet = names.index("thursday")
    assert (sum(counts[:not_yet]), sum(counts[not_yet:])) == (48_852, 4_727)
    assert len(FLEET.households) == 53_579
    came_on_thursday = counts[not_yet]
    assert 4_727 - came_on_thursday == 3_500, "on the morning of the third"


@pytest.mark.slow("lives and judges many homes")
def test_first_and_last_of_each_kind_of_the_fleet_fare_as_promised():
    ends = (
        (entry.household(n, FLEET.seed) for n in (1, entry.count))
        for entry in FLEET.households.entries
    )
    for household in chain.from_iterable(ends):
        outcome = judge(household, FLEET, run_meter(household, FLEET))
        assert expected(outcome, household), outcome


@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.integers(1, 11)),
        min_size=1,
        max_size=5,
        unique_by=lambda pair: pair[0],
    ),
    st.sampled_from([*NAMES, "a-0", "a-12", "b-01", "c", ""]),
)
@example(names=[("b", 2), ("b-10", 1)], wanted="a")  # b-10 is no copy of b, and is there
def test_a_home_alone_is_the_home_among_all(names, wanted):
    households = Households(tuple(entries(names)), seed=3)
    among = (
        {household.id: household for household in households}
        if shared_id(households.entries) is None
        else {}
    )
    for name, household in among.items():
        alone = households.alone(name)
        assert alone is not None
        assert list(alone) == [household]
    copied = dict(names).get(wanted, 0)
    if among and copied > 1 and wanted not in among:
        every = households.alone(wanted)
        assert every is not None
        assert list(every) == [among[f"{wanted}-{number}"] for number in range(1, copied + 1)]
    elif among and wanted not in among:
        assert households.alone(wanted) is None
