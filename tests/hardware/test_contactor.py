"""The latching contactor: where it is, not where it was driven to."""

import pytest

from card_protocol.errors import LayoutError
from meter_emu.hardware.contactor import PULSE_US_MIN, Contactor
from tests.cells import each_cell

BOTH = (False, True)


@each_cell("closed", BOTH)
@each_cell("was", BOTH)
def test_a_full_pulse_moves_it_and_a_short_one_does_not(was, closed):
    contactor = Contactor(on=was)
    contactor.drive(closed, 10**9, 10**9 + PULSE_US_MIN - 1)
    assert contactor.on is was
    contactor.drive(closed, 10**9, 10**9 + PULSE_US_MIN)
    assert contactor.on is closed


@each_cell("closed", BOTH)
@each_cell("was", BOTH)
def test_a_cut_inside_the_pulse_leaves_either(was, closed):
    for fate in range(256):
        contactor = Contactor(on=was)
        contactor.cut_during_drive(closed, iter((fate,)).__next__)
        assert contactor.on is (closed if fate % 2 else was)


@pytest.mark.parametrize("was", BOTH)
def test_a_stuck_contactor_stays(was):
    contactor = Contactor(on=was, stuck=True)
    contactor.drive(not was, 0, PULSE_US_MIN)
    contactor.cut_during_drive(not was, lambda: 1)
    assert contactor.on is was


def test_the_limiter_is_volatile_and_ten_ampere_are_2300_watts():
    contactor = Contactor(on=False)
    assert contactor.limit_rate() is None
    contactor.limiter_a = 10
    assert contactor.limit_rate() == 2300
    contactor.lose_power()
    assert contactor.limit_rate() is None
    assert not contactor.on


@each_cell("raw", [bytes((n,)) for n in range(4)])
def test_an_image_holds_position_and_fault(raw):
    contactor = Contactor.from_bytes(raw)
    assert contactor.to_bytes() == raw
    assert contactor.on is bool(raw[0] & 1)
    assert contactor.stuck is bool(raw[0] & 2)


@each_cell("raw", [b"", b"\0\0", b"\x04"])
def test_an_image_that_no_contactor_could_have_made_is_refused(raw):
    with pytest.raises(LayoutError) as refused:
        Contactor.from_bytes(raw)
    assert refused.value.offset == 0
