"""The energy register: closed forms against an hour-by-hour walk in exact fractions."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from card_protocol.errors import LayoutError
from meter_emu.hardware.metrology import REGISTER_UNITS, UNIT, Metrology
from meter_emu.units import DAY_US, HOUR_US
from tests.cells import each_cell
from tests.wide import up_to

PROFILES = st.lists(st.just(0) | st.integers(0, 20_000), min_size=24, max_size=24)
TIMES = up_to(20 * DAY_US) | st.integers(0, 500).map(lambda hours: hours * HOUR_US)
LIMITS = st.none() | st.integers(0, 5_000)


def walk_wh(profile_w: list[int], limit_w: int | None, start_us: int, stop_us: int) -> Fraction:
    """Sum hour by hour; shares nothing with the register."""
    total = Fraction(0)
    while start_us < stop_us:
        hour = start_us // HOUR_US
        edge = min(stop_us, (hour + 1) * HOUR_US)
        power = profile_w[hour % 24]
        if limit_w is not None:
            power = min(power, limit_w)
        total += Fraction(power * (edge - start_us), HOUR_US)
        start_us = edge
    return total


@given(PROFILES, LIMITS, TIMES, TIMES)
def test_energy_is_the_walk_through_the_hours(profile, limit_w, start, length):
    meter = Metrology(profile, at_us=start)
    meter.set_flow(start, flowing=True, limit_rate=limit_w)
    want = walk_wh(profile, limit_w, start, start + length)
    assert Fraction(meter.amount_at(start + length), UNIT) == want
    assert meter.read_units(start + length) == want // 1


@given(PROFILES, st.lists(st.tuples(TIMES, st.booleans(), LIMITS), max_size=6))
def test_only_what_flows_is_counted(profile, changes):
    changes.sort(key=lambda change: change[0])
    meter = Metrology(profile)
    want, now, flowing, limit = Fraction(0), 0, False, None
    for at, next_flowing, next_limit in changes:
        if flowing:
            want += walk_wh(profile, limit, now, at)
        meter.set_flow(at, flowing=next_flowing, limit_rate=next_limit)
        now, flowing, limit = at, next_flowing, next_limit
        assert Fraction(meter.amount_at(now), UNIT) == want


@given(PROFILES, LIMITS, TIMES, st.integers(0, UNIT - 1), st.integers(1, 200_000))
def test_a_reading_comes_exactly_when_it_was_foretold(profile, limit_w, start, rest, ahead):
    assume(any(profile) and limit_w != 0)
    meter = Metrology(profile, at_us=start, amount=7 * UNIT + rest)
    meter.set_flow(start, flowing=True, limit_rate=limit_w)
    us = meter.us_until_units(7 + ahead, start)
    assert us is not None
    assert meter.read_units(start + us) == 7 + ahead
    assert us == 0 or meter.read_units(start + us - 1) == 7 + ahead - 1


def test_the_last_watt_hour_of_a_day_comes_that_day():
    meter = Metrology([100] + [0] * 23)
    meter.set_flow(0, flowing=True)
    assert meter.us_until_units(100, 0) == HOUR_US
    assert meter.us_until_units(300, 0) == 2 * DAY_US + HOUR_US


def test_a_reading_already_passed_is_there_at_once():
    meter = Metrology([100] * 24, amount=50 * UNIT)
    assert meter.us_until_units(50, 0) == 0
    assert meter.us_until_units(49, 0) == 0
    half = 50 + REGISTER_UNITS // 2
    assert meter.us_until_units(half, 0) == 0, "half the range is no longer ahead"
    assert meter.us_until_units(half - 1, 0) is None, "it is, and nothing flows"


@each_cell(("profile", "flowing", "limit"), [(100, False, None), (0, True, None), (100, True, 0)])
def test_a_reading_that_never_comes_is_none(profile, flowing, limit):
    meter = Metrology([profile] * 24)
    meter.set_flow(0, flowing=flowing, limit_rate=limit)
    assert meter.us_until_units(1, 5) is None


def test_the_register_wraps_at_32_bits():
    meter = Metrology([1000] * 24, amount=(REGISTER_UNITS - 1) * UNIT)
    meter.set_flow(0, flowing=True)
    assert meter.us_until_units(0, 0) == HOUR_US // 1000
    assert meter.read_units(HOUR_US // 1000 - 1) == REGISTER_UNITS - 1
    assert meter.read_units(HOUR_US // 1000) == 0


def test_power_is_that_of_the_hour_and_the_limiter_caps_it():
    meter = Metrology(list(range(0, 2400, 100)))
    assert meter.rate(0) == 0
    meter.set_flow(0, flowing=True, limit_rate=2250)
    assert meter.rate(DAY_US + 2 * HOUR_US - 1) == 100
    assert meter.rate(23 * HOUR_US) == 2250


@given(PROFILES, TIMES, TIMES, st.integers(0, REGISTER_UNITS * UNIT - 1))
def test_a_register_from_its_image_goes_on_to_the_last_watt_microsecond(
    profile, saved, more, energy
):
    meter = Metrology(profile, amount=energy)
    meter.set_flow(0, flowing=True)
    raw = meter.to_bytes(saved)
    again = Metrology.from_bytes(raw, profile, at_us=saved)
    again.set_flow(saved, flowing=True)
    assert again.to_bytes(saved + more) == meter.to_bytes(saved + more)
    assert len(raw) == 8


@each_cell(("raw", "offset"), [(bytes(7), 0), (bytes(9), 0), (bytes(4) + b"\xff" * 4, 4)])
def test_an_image_that_no_register_could_have_made_is_refused(raw, offset):
    with pytest.raises(LayoutError) as refused:
        Metrology.from_bytes(raw, [0] * 24, at_us=0)
    assert refused.value.offset == offset


def test_true_time_does_not_go_back():
    meter = Metrology([0] * 24, at_us=10)
    with pytest.raises(AssertionError):
        meter.read_units(9)


@given(PROFILES, TIMES, TIMES, TIMES)
def test_shut_appliances_use_nothing_until_their_time(profile, start, shut_us, length):
    meter = Metrology(profile, at_us=start)
    meter.set_flow(start, flowing=True)
    meter.shut_until(start, start + shut_us)
    lit = min(start + shut_us, start + length)
    want = walk_wh(profile, None, lit, start + length)
    assert Fraction(meter.amount_at(start + length), UNIT) == want


@given(PROFILES, TIMES, TIMES)
def test_the_first_flow_is_foretold_to_the_microsecond(profile, start, shut_us):
    meter = Metrology(profile, at_us=start)
    meter.set_flow(start, flowing=True)
    meter.shut_until(start, start + shut_us)
    ahead = meter.us_until_flow(start)
    if not any(profile):
        assert ahead is None
        return
    assert ahead is not None
    assert meter.rate(start + ahead) > 0
    assert ahead == 0 or meter.rate(start + ahead - 1) == 0
    assert meter.us_until_flow(start + ahead // 2) == ahead - ahead // 2
    assert meter.amount_at(start + ahead) == 0
