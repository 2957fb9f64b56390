"""The crystal and its divider, against exact fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_emu.hardware.oscillator import SECOND, Oscillator
from tests.wide import up_to

DRIFTS = st.integers(-500_000_000, 500_000_000) | st.sampled_from((0, 1, -1, 20_000, -20_000))
PHASES = st.integers(0, SECOND - 1) | st.sampled_from((0, SECOND - 1))
YEAR_US = 366 * 86_400 * 1_000_000
TIMES = up_to(100 * YEAR_US) | st.integers(0, 3_000_000)


@given(DRIFTS, PHASES, TIMES)
def test_seconds_and_phase_are_exact(drift_ppb, phase, now_us):
    crystal = Oscillator(drift_ppb, phase=phase)
    ticked = Fraction(now_us, 10**6) * (1 + Fraction(drift_ppb, 10**9)) + Fraction(phase, SECOND)
    assert crystal.advance(now_us) == ticked // 1
    assert Fraction(crystal.phase, SECOND) == ticked % 1


@given(DRIFTS, PHASES, st.lists(up_to(YEAR_US), min_size=1, max_size=20))
def test_splitting_the_time_in_any_way_gives_the_same_seconds(drift_ppb, phase, stops):
    once = Oscillator(drift_ppb, phase=phase)
    often = Oscillator(drift_ppb, phase=phase)
    stops.sort()
    assert sum(often.advance(stop) for stop in stops) == once.advance(stops[-1])
    assert often.phase == once.phase


@given(DRIFTS, PHASES, st.integers(0, YEAR_US), st.integers(1, 10**7))
def test_us_until_is_the_first_microsecond_by_which_the_seconds_have_ticked(
    drift_ppb, phase, at_us, seconds
):
    us = Oscillator(drift_ppb, at_us=at_us, phase=phase).us_until(seconds)
    assert us is not None
    assert us > 0
    assert Oscillator(drift_ppb, at_us=at_us, phase=phase).advance(at_us + us) == seconds
    assert Oscillator(drift_ppb, at_us=at_us, phase=phase).advance(at_us + us - 1) == seconds - 1


@given(DRIFTS, PHASES)
def test_no_more_seconds_are_there_at_once(drift_ppb, phase):
    assert Oscillator(drift_ppb, phase=phase).us_until(0) == 0


@pytest.mark.parametrize("flag", ["running", "held"])
def test_a_stopped_or_held_divider_never_ticks_and_keeps_its_phase(flag):
    crystal = Oscillator(phase=7)
    setattr(crystal, flag, flag == "held")
    assert crystal.advance(YEAR_US) == 0
    assert crystal.us_until(1) is None
    assert crystal.phase == 7
    setattr(crystal, flag, flag == "running")
    assert crystal.advance(YEAR_US + 1_000_000) == 1


def test_twenty_ppm_fast_is_1_728_seconds_a_day():
    assert Oscillator(20_000).advance(1000 * 86_400 * 1_000_000) == 1000 * 86_400 + 1728


def test_true_time_does_not_go_back():
    crystal = Oscillator(at_us=10)
    with pytest.raises(AssertionError):
        crystal.advance(9)
