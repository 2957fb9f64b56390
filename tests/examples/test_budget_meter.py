"""Eight tests to copy: what card, office and meter must do together, whatever program runs there.

- `pytest tests/examples`
- the same over PC/SC, in the virtual reader: `--meter-card-link vpcd`
- with a mistake in the firmware: `--meter-firmware reference+end-exclusive`
- with a program of your own: `--meter-firmware my_meter:MyMeter`
"""

import pytest

from meter_emu.testing import Card, Desk, Lamp, Meter, Result, World

T = "2020-07-03 23:01"  # when the operator ORES was to end the suspension of prepayment


@pytest.mark.meter(balance_eur=20, load_per_hour=0)
def test_a_load_is_booked_once(meter: Meter, card: Card, desk: Desk) -> None:
    desk.load(card, eur=50)
    for _ in range(2):
        assert not meter.insert(card).refused
        meter.remove()
        assert meter.balance_cents == 7_000


@pytest.mark.meter(balance_eur=20, load_per_hour=0)
@pytest.mark.parametrize("answers", [4, 10])
def test_a_card_pulled_out_loses_no_money(
    meter: Meter, card: Card, desk: Desk, answers: int
) -> None:
    desk.load(card, eur=50)
    meter.insert(card, pulled_after=answers)
    assert not meter.insert(card).refused
    assert meter.balance_cents == 7_000


def test_an_armed_meter_cuts_at_the_time_and_not_before(
    meter: Meter, card: Card, desk: Desk, world: World
) -> None:
    desk.arm(card, defer_until=T, cut_at=T)
    meter.insert(card)
    world.run_until(T)
    assert meter.opened_at == []
    world.run_until(meter.latest_cut(T))
    assert not meter.supply_on
    assert meter.display == "OFF: CUT AS OF 2020-07-03 23:01"


@pytest.mark.meter(balance_eur=20)
def test_who_reactivates_in_time_is_not_cut(
    meter: Meter, card: Card, desk: Desk, world: World
) -> None:
    desk.arm(card, defer_until=T, cut_at=T)
    meter.insert(card)
    meter.remove()
    world.run_until("2020-06-29 09:20")
    desk.reactivate(card)
    desk.load(card, eur=100)
    assert meter.insert(card) is Result.EXECUTED
    world.run_until("2020-07-05 12:00")
    assert meter.opened_at == []


@pytest.mark.meter(clock_error_s=55, drift_ppb=40_000)
def test_a_fast_clock_never_cuts_early(meter: Meter, card: Card, desk: Desk, world: World) -> None:
    desk.arm(card, defer_until=T, cut_at=T)
    meter.insert(card)
    world.run_until(T)
    assert meter.opened_at == []
    world.run_until(meter.latest_cut(T))
    assert not meter.supply_on


def test_a_power_cut_puts_the_cut_off_until_it_is_over(
    meter: Meter, card: Card, desk: Desk, world: World
) -> None:
    desk.arm(card, defer_until=T, cut_at=T)
    meter.insert(card)
    meter.remove()
    world.run_until("2020-07-03 20:00")
    meter.power_cut(hours=14)
    world.advance(seconds=10)
    assert meter.powered
    assert not meter.supply_on


def test_a_temporary_card_expires(meter: Meter, card: Card, desk: Desk, world: World) -> None:
    temporary = desk.replace(card, expires="2020-04-01 00:00")
    assert not meter.insert(temporary).refused
    meter.remove()
    world.run_until("2020-04-02 09:00")
    desk.load(temporary, eur=50)
    assert meter.insert(temporary) is Result.CARD_EXPIRED


@pytest.mark.meter(start="2020-05-15 09:00")
def test_without_a_clock_nobody_is_cut(meter: Meter, card: Card, desk: Desk, world: World) -> None:
    desk.arm(card, defer_until=T, cut_at=T)
    meter.insert(card)
    meter.remove()
    meter.power_cut(days=49)
    world.run_until("2020-07-04 09:00")
    assert Lamp.CLOCK_DOUBTED in meter.lamps
    assert meter.opened_at == []
    meter.insert(desk.clock_card())
    assert meter.clock_trusted
    assert not meter.supply_on
