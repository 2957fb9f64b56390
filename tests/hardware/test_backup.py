"""The backup capacitor that carries the RTC: one for one down, faster up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.errors import LayoutError
from meter_emu.hardware.oscillator import Backup
from tests.cells import each_cell
from tests.wide import up_to

DAY_US = 86_400_000_000
TIMES = up_to(10 * DAY_US)


@given(TIMES, TIMES)
def test_an_outage_shorter_than_the_charge_is_carried_and_no_other(capacity, outage):
    backup = Backup(capacity)
    backup.lose_power(0)
    assert backup.charge_us == capacity
    assert backup.regain_power(outage) is (outage < capacity)
    assert backup.mains_up


@given(TIMES, st.lists(up_to(DAY_US), max_size=8), st.booleans())
def test_how_often_it_is_looked_at_makes_no_difference(capacity, looks, mains_up):
    once, often = Backup(capacity), Backup(capacity)
    for backup in (once, often):
        backup.charge_us //= 2
        backup.mains_up = mains_up
    for look in sorted(looks):
        often.advance(look)
    assert often.to_bytes(DAY_US) == once.to_bytes(DAY_US)


def test_it_recharges_at_its_ratio_and_no_further_than_full():
    backup = Backup(DAY_US, recharge_ratio=24)
    backup.lose_power(0)
    assert not backup.regain_power(DAY_US)
    backup.advance(DAY_US + DAY_US // 48)
    assert backup.charge_us == DAY_US // 2
    backup.advance(3 * DAY_US)
    assert backup.charge_us == DAY_US


def test_an_empty_reserve_does_not_carry_even_an_instant():
    backup = Backup(0)
    backup.lose_power(0)
    assert not backup.regain_power(0)


def test_power_that_never_went_away_was_carried():
    assert Backup(0).regain_power(5)


@given(TIMES, TIMES)
def test_an_image_holds_the_charge(capacity, outage):
    backup = Backup(capacity)
    backup.lose_power(0)
    raw = backup.to_bytes(outage)
    again = Backup.from_bytes(raw, capacity, at_us=outage)
    assert again.charge_us == backup.charge_us == max(0, capacity - outage)
    assert again.mains_up


@each_cell("raw", [bytes(7), bytes(9), (6).to_bytes(8, "big")])
def test_an_image_that_no_reserve_could_have_made_is_refused(raw):
    with pytest.raises(LayoutError) as refused:
        Backup.from_bytes(raw, 5, at_us=0)
    assert refused.value.offset == 0


def test_true_time_does_not_go_back():
    backup = Backup(5, at_us=10)
    with pytest.raises(AssertionError):
        backup.advance(9)
