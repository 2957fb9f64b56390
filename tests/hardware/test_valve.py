"""The gas valve: where it is, not where it was driven to, and open while it is in between."""

import pytest

from card_protocol.errors import LayoutError
from meter_emu.hardware.valve import TRAVEL_US, Valve
from tests.cells import each_cell

BOTH = (False, True)


@each_cell("on", BOTH)
@each_cell("was", BOTH)
def test_a_full_drive_moves_it_and_a_short_one_does_not(was, on):
    valve = Valve(on=was)
    valve.drive(on, 10**9, 10**9 + TRAVEL_US - 1)
    assert valve.on is was
    valve.drive(on, 10**9, 10**9 + TRAVEL_US)
    assert (valve.on, valve.between) == (on, False)


@each_cell("on", BOTH)
@each_cell("was", BOTH)
def test_a_cut_inside_the_drive_leaves_either_end_or_a_stop_between_that_is_on(was, on):
    for fate in range(256):
        valve = Valve(on=was)
        valve.cut_during_drive(on, iter((fate,)).__next__)
        want = ((was, False), (True, True), (on, False))[fate % 3]  # a third of all fates each
        assert (valve.on, valve.between) == want, fate


def test_a_drive_takes_a_valve_between_its_ends_to_the_end():
    for on in BOTH:
        valve = Valve(on=True, between=True)
        valve.drive(on, 0, TRAVEL_US)
        assert (valve.on, valve.between) == (on, False)


@pytest.mark.parametrize("was", BOTH)
def test_a_stuck_valve_stays(was):
    valve = Valve(on=was, stuck=True)
    valve.drive(not was, 0, TRAVEL_US)
    for fate in range(3):
        valve.cut_during_drive(not was, iter((fate,)).__next__)
    assert (valve.on, valve.between) == (was, False)


def test_there_is_no_limiter_in_it():
    valve = Valve()
    valve.limit(10)
    assert valve.limit_rate() is None


@each_cell("raw", [0, 1, 2, 3, 5, 7])
def test_an_image_gives_the_same_valve(raw):
    assert Valve.from_bytes(bytes((raw,))).to_bytes() == bytes((raw,))


@each_cell("raw", [b"", b"\1\1", b"\4", b"\6", b"\x08", b"\xff"])
def test_an_image_that_no_valve_could_have_made_is_refused(raw):
    with pytest.raises(LayoutError) as refused:
        Valve.from_bytes(raw)
    assert refused.value.offset == 0
