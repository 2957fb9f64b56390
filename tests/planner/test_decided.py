"""Intervals and decisions on draws whose truth is known; meters are in `accuracy`."""

from fractions import Fraction
from random import Random
from statistics import fmean

import pytest

from meter_emu.planner.classes import HomeState, MeterEnd
from meter_emu.planner.decided import RISK_OF_ALL, Audit, Criterion, Figure, figure, student_t

SUPPLIED, CUT, NO_CREDIT = HomeState
EXACT = [0] * 1_000
RISK_EACH = RISK_OF_ALL / len(Criterion)


def drawn(chance: Random, homes: int, share: float) -> int:
    return sum(chance.random() < share for _ in range(homes))


def test_students_quantiles_are_those_of_his_table():
    table = {(2, 950): 2.920, (4, 950): 2.132, (4, 995): 4.604, (9, 950): 1.833, (30, 975): 2.042}
    for (freedom, share), quantile in table.items():
        assert student_t(Fraction(share, 1_000), freedom) == pytest.approx(quantile, rel=0.004)


def test_nine_intervals_of_ten_hold_the_mean():
    chance, inside, narrow = Random(68), 0, 0
    for share in (0.02, 0.2, 0.5):
        for _ in range(400):
            one = figure([drawn(chance, 40, share) for _ in range(5)], EXACT, 1_000)
            inside += one.low <= 40 * share <= one.high
            half = (one.high - one.mean) / 2
            narrow += abs(one.mean - 40 * share) <= half
    assert 0.85 <= inside / 1_200 <= 0.95
    assert narrow / 1_200 < 0.85, "half as wide is too narrow: this can fail"


def test_what_does_not_differ_is_decided_in_one_of_twenty_at_most_over_all_criteria():
    chance, wrong, bold = Random(68), 0, 0
    for _ in range(300):
        pairs = [
            [drawn(chance, 60, 0.3) - drawn(chance, 60, 0.3) for _ in range(5)] for _ in Criterion
        ]
        wrong += any(figure(one, EXACT, 1_000, RISK_EACH).is_decided for one in pairs)
        bold += any(figure(one, EXACT, 1_000).is_decided for one in pairs)
    assert wrong <= 300 / 20
    assert bold > 300 / 5, "four at 90 % each would be wrong in a third"


def test_a_difference_is_decided_beyond_chance_and_rounding_alone():
    fifty = [50, 52, 48, 51, 49]
    assert figure(fifty, [0] * 300, 1_000, RISK_EACH).is_decided
    assert not figure([5, -4, 3, 1, 0], [0] * 300, 1_000, RISK_EACH).is_decided
    rough = figure(fifty, [-1] * 20 + [0] * 280, 1_000, RISK_EACH)
    assert (rough.fewer > 50, rough.is_decided) == (True, False)
    assert figure(fifty, EXACT, 1_000)[3:] == (0, 0), "all were run unrounded"
    assert Figure(-9, -12, -6, 2, 5).is_decided
    assert not Figure(-9, -12, -6, 2, 7).is_decided


def test_an_audit_says_which_way_rounding_erred():
    ends = [MeterEnd(one, two, None, harmed=False) for one, two in (
        (SUPPLIED, CUT), (CUT, CUT), (NO_CREDIT, SUPPLIED))]  # fmt: skip
    audit = Audit(30, ends, [ends[1], ends[1], ends[0]])
    assert audit.errors(Criterion.DISCONNECTED) == [1, 0, 0]
    assert audit.errors(Criterion.WITHOUT_CREDIT) == [0, 0, -1]
    assert audit.errors(Criterion.STILL_CUT) == [0, 0, 1]
    assert (audit.run, audit.otherwise_morning, audit.otherwise_end) == (3, 2, 1)
    assert fmean(audit.errors(Criterion.TURNED_AWAY)) == 0
