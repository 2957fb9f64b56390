"""A sample: of each kind some, the same households as in the whole, and an exact bound."""

from fractions import Fraction
from itertools import combinations
from math import comb
from operator import ge, le

import pytest

from meter_emu.errors import ConfigError
from meter_emu.resources import find
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.sample import (
    FLOOR,
    RISK,
    SampledKind,
    most_unexpected,
    sampled,
)
from tests.bench.fleet import scaled

FLEET = load_campaign(find("campaigns", "ores-fleet"))
KINDS = len({entry.first.kind for entry in FLEET.households.entries})


def seen_at_most(of: int, wrong: int, drawn: int, seen: int) -> float:
    """Return by counting all draws in how many of them at most so many wrong ones are seen."""
    draws = list(combinations(range(of), drawn))
    return sum(sum(one < wrong for one in draw) <= seen for draw in draws) / len(draws)


def test_the_bound_is_the_largest_number_that_would_look_so_in_more_than_one_draw_of_twenty():
    for of in range(1, 10):
        for drawn in range(1, of + 1):
            for seen in range(drawn + 1):
                possible = range(seen, of - (drawn - seen) + 1)
                likely = [k for k in possible if seen_at_most(of, k, drawn, seen) > 0.05]
                assert most_unexpected(of, drawn, seen) == max(likely), (of, drawn, seen)


def numbers_seen(of: int, wrong: int, drawn: int) -> list[int]:
    """Return by counting, for each draw there is, how many wrong ones are in it."""
    return [sum(one < wrong for one in draw) for draw in combinations(range(of), drawn)]


def test_both_bounds_of_a_kind_are_those_that_all_draws_give():
    """A number is inside when no fewer and no more than seen are seen in over one draw of forty."""
    for of in range(1, 9):
        for drawn in range(1, of + 1):
            for seen in range(drawn + 1):
                inside = []
                for wrong in range(seen, of - (drawn - seen) + 1):
                    found = numbers_seen(of, wrong, drawn)
                    as_few, as_many = (
                        Fraction(sum(holds(one, seen) for one in found), len(found))
                        for holds in (le, ge)
                    )
                    if min(as_few, as_many) > RISK / 2:
                        inside.append(wrong)
                kind = SampledKind("a kind", "one", of, drawn, seen)
                assert kind.bounds() == (min(inside), max(inside)), (of, drawn, seen)


def test_the_truth_lies_outside_in_no_more_than_one_draw_of_twenty():
    for of, drawn in ((30, 6), (60, 12), (25, 24)):
        ways = comb(of, drawn)
        for wrong in range(of + 1):
            missed = 0
            for seen in range(max(0, drawn - (of - wrong)), min(wrong, drawn) + 1):
                least, most = SampledKind("a kind", "one", of, drawn, seen).bounds()
                if not least <= wrong <= most:
                    missed += comb(wrong, seen) * comb(of - wrong, drawn - seen)
            assert missed <= RISK * ways, (of, drawn, wrong)


def test_a_kind_and_a_campaign_speak_in_numbers_of_the_fleet():
    _, sample = sampled(FLEET, 340)
    assert sample is not None
    before = sample.bounds
    assert before.least == 0
    for kind in sample.kinds[:1]:
        kind.unexpected = kind.sampled
        said = kind.in_words
        least = kind.bounds().least
        assert said == (
            f"{kind.kind} ({kind.id}): at least {least:,} of {kind.of:,} not as expected "
            f"({kind.sampled} of {kind.sampled} run)"
        )
    assert 0 < sample.bounds.least < kind.bounds().least, "its part of the risk is smaller"
    assert sample.bounds.most > before.most


def test_what_is_known_of_large_kinds():
    assert most_unexpected(20_000, 20, 0) == 2_780
    assert comb(20_000 - 2_780, 20) / comb(20_000, 20) > 0.05
    assert comb(20_000 - 2_781, 20) / comb(20_000, 20) <= 0.05
    assert most_unexpected(40, 40, 3) == 3, "a census has no bound"


def test_a_sample_has_a_floor_of_each_kind_and_the_rest_in_proportion(tmp_path):
    small = load_campaign(scaled(tmp_path, 2_000))
    all_but_one = len(small.households) - 1
    counts = (KINDS, 100, 20 * KINDS, 1_000)
    for whole, count in (*((FLEET, count) for count in counts), (small, all_but_one)):
        campaign, sample = sampled(whole, count)
        assert sample is not None
        assert len(campaign.households) == count == sum(kind.sampled for kind in sample.kinds)
        floor = min(FLOOR, count // KINDS)
        left = {kind.id: kind.of - min(floor, kind.of) for kind in sample.kinds}
        rest = count - sum(min(floor, kind.of) for kind in sample.kinds)
        for kind in sample.kinds:
            share = rest * left[kind.id] / sum(left.values())
            assert abs(kind.sampled - min(floor, kind.of) - share) <= 1, (count, kind.id)
            assert kind.sampled <= kind.of


def test_a_drawn_household_is_the_one_of_the_whole_and_the_seed_draws_it():
    campaign, _ = sampled(FLEET, 60)
    for household in campaign.households:
        alone = FLEET.households.alone(household.id)
        assert alone is not None
        assert household == alone[0], household.id
    ids = [household.id for household in campaign.households]
    assert len(set(ids)) == 60
    assert ids == [household.id for household in sampled(FLEET, 60)[0].households]


def test_a_sample_of_all_is_the_whole_and_one_of_too_few_is_refused():
    assert sampled(FLEET, len(FLEET.households)) == (FLEET, None)
    with pytest.raises(ConfigError, match=f"expected at least {KINDS}, one of each kind, got 3"):
        sampled(FLEET, 3)
