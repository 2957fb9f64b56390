"""Pacing is arithmetic: however the wall is looked at, the same instants are reached."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_emu.world.meter.pace import RATE_JUMPS, RATE_MAX, Pace
from tests.properties.instants import near_boundaries
from tests.properties.trials import HOUR_US, MODELS, Circumstances, MeterSetup

walls_ns = st.integers(0, 10**18)
rates = st.integers(RATE_JUMPS, RATE_MAX)
paces = st.builds(Pace, walls_ns, st.integers(0, 10**17), rates)


@given(paces, walls_ns, walls_ns)
def test_time_never_goes_back(pace, one, other):
    early, late = sorted((one, other))
    assert pace.true_us <= pace.due_us(early) <= pace.due_us(late)


@given(paces, st.integers(0, 10**15))
def test_what_is_due_is_the_wall_times_the_rate(pace, passed_ns):
    due_us = pace.due_us(pace.wall_ns + passed_ns)
    assert 0 <= passed_ns * pace.rate - (due_us - pace.true_us) * 1_000 < 1_000


@given(paces, st.integers(0, 10**15), st.integers(0, 10**12))
def test_who_waits_as_told_is_there_and_not_a_nanosecond_too_early(pace, ahead_us, passed_ns):
    until_us, wall_ns = pace.true_us + ahead_us, pace.wall_ns + passed_ns
    wait_ns = pace.wait_ns(until_us, wall_ns)
    if wait_ns is None:
        assert pace.rate == RATE_JUMPS
        assert pace.due_us(10**18) < until_us
    else:
        assert pace.due_us(wall_ns + wait_ns) >= until_us
        assert not wait_ns or pace.due_us(wall_ns + wait_ns - 1) < until_us


@given(paces, rates, st.integers(0, 10**15))
def test_a_change_of_rate_goes_on_from_the_instant_reached(pace, rate, passed_ns):
    wall_ns = pace.wall_ns + passed_ns
    changed = pace.at_rate(rate, wall_ns)
    assert changed.due_us(wall_ns) == pace.due_us(wall_ns)
    assert changed.rate == rate


def test_real_time_is_a_second_a_second_and_sixty_is_a_minute():
    assert Pace(5, 7, 1).due_us(1_000_000_005) == 1_000_007
    assert Pace(5, 7, 60).due_us(1_000_000_005) == 60_000_007
    assert Pace(5, 7, RATE_JUMPS).due_us(10**18) == 7


glances = st.lists(
    st.tuples(
        st.integers(0, 2_000_000_000), st.sampled_from([1, 7, 60, 3_600, 86_400, RATE_JUMPS])
    ),
    max_size=12,
)


@pytest.mark.slow("lives drawn stories twice")
@given(near_boundaries, st.sampled_from(MODELS), glances)
def test_a_paced_meter_leaves_the_bytes_of_one_that_ran_in_one_go(start_us, model, looks):
    """Any sequence of wall times, the rate changed at each of them."""
    setting = Circumstances(start_us=start_us, clock_set_us=start_us, model=model, balance_cents=20)
    paced, straight = MeterSetup(setting), MeterSetup(setting)
    pace, wall_ns = Pace(0, start_us, 60), 0
    for passed_ns, rate in looks:
        wall_ns += passed_ns
        paced.bench.run_until(min(pace.due_us(wall_ns), start_us + HOUR_US))
        pace = pace.at_rate(rate, wall_ns)
    for setup in (paced, straight):
        setup.bench.run_until(start_us + HOUR_US)
    assert paced.bytes_now() == straight.bytes_now()
    assert paced.board.moves == straight.board.moves
    assert paced.board.now_us == straight.board.now_us
