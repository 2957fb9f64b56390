"""The technician's clock card: trust comes back by it, once, and never by an old one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest

from card_protocol.card.virtual import SecureCard
from card_protocol.errors import LayoutError, MacError
from card_protocol.formats.clock import CLOCK, open_clock_order, seal_clock_order
from card_protocol.formats.clock.making import personalise_clock_card
from card_protocol.keys import Key, Purpose, derive
from card_protocol.timestamp import Civil
from meter_emu.desk.clock.clock_card import SET_TO_S_COUNT, issue_clock_card
from meter_emu.desk.desk import PIN_NOT_USED, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.domain import SET_ERROR_S_MAX, Result
from meter_emu.errors import DeskError
from meter_emu.firmware.layouts import Health
from meter_emu.ports import Button, Lamp
from meter_emu.world.meter.acts import Power, Press
from tests.cells import each_cell
from tests.firmware.meters import EPOCH_2000, METER_ID, START, Rig, seconds, seconds_2000
from tests.rigs import MODEL, counted


def clock_card(set_to_s: int, *, meter_id: int = METER_ID, error_s: int = 60) -> SecureCard:
    image = issue_clock_card(TEST_MASTER_KEY, meter_id, set_to_s=set_to_s, set_error_s=error_s)
    return SecureCard(image, counted())


def show(rig: Rig, card: SecureCard) -> str:
    rig.bench.insert(card)
    rig.bench.remove()
    return rig.board.panel.text


def lost() -> Rig:
    """Return a home whose clock chip doubts itself."""
    rig = Rig()
    rig.board.rtc.voltage_low()
    rig.run(120)
    assert rig.state.lost_by == Health.LOW_VOLTAGE
    return rig


NOW_S = seconds_2000(START) + 120


def test_a_clock_card_brings_trust_back():
    rig = lost()
    assert show(rig, clock_card(NOW_S)).endswith("CARD 01 EXECUTED")
    assert rig.state.health == Health.TRUSTED
    assert not rig.board.panel.lamps & Lamp.CLOCK_DOUBTED
    assert rig.state.set_error_s == 62  # the tool's, and what the write itself adds


def test_the_clock_then_shows_what_the_card_said():
    rig = lost()
    show(rig, clock_card(NOW_S + 3600))
    when = START + timedelta(seconds=120 + 3600)
    assert rig.board.rtc.second_of_day(rig.board.now_us) in {
        when.hour * 3600 + when.minute * 60 + when.second + late for late in range(3)
    }


def registers(rig: Rig, at: int, hexadecimal: str) -> None:
    """Write registers of the clock chip (PCF8563) behind the program's back."""
    now_us = rig.board.now_us
    rig.board.rtc.write(at, bytes.fromhex(hexadecimal), now_us, now_us)


def leap_in_the_dark(rig: Rig) -> None:
    rig.bench.do(Power(on=False))
    registers(rig, 0x05, "01 03 09")  # 1 September, two months on
    rig.run(60)
    rig.bench.do(Power(on=True))


def setting_cut_short(rig: Rig) -> None:
    """Take the power away at the write of a setting: the program has said that it is under way."""
    write = rig.board.rtc_write

    def cut(at: int, data: bytes) -> None:
        rig.bench.do(Power(on=False))
        write(at, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rig.board, "rtc_write", cut)
        rig.bench.insert(clock_card(seconds_2000(START)))
    rig.bench.remove()
    rig.bench.do(Power(on=True))


# what happens to the clock, and what the meter makes of it
LOST: Final[dict[str, tuple[Callable[[Rig], object], Health]]] = {
    "VL": (lambda rig: rig.board.rtc.voltage_low(), Health.LOW_VOLTAGE),
    "31 February": (lambda rig: registers(rig, 0x05, "31 03 02"), Health.IMPOSSIBLE_DATE),
    "a day back": (lambda rig: registers(rig, 0x05, "30 02 06"), Health.BACKWARDS),
    "a day ahead": (lambda rig: registers(rig, 0x05, "02"), Health.TICKS_DISAGREE),
    "held in STOP (8.10)": (lambda rig: registers(rig, 0x00, "20"), Health.TICKS_DISAGREE),
    "a leap in the dark": (leap_in_the_dark, Health.TOO_FAR_AHEAD),
    "three years": (
        lambda rig: rig.run((MODEL.clock.trust_max_days + 1) * 86_400), Health.SET_TOO_LONG_AGO,
    ),
    "a setting cut short": (setting_cut_short, Health.BEING_SET),
}  # fmt: skip


def test_every_way_of_losing_trust_is_in_the_table():
    believed = {Health.TRUSTED, Health.LOWER_BOUND, Health.DISPUTED}
    assert {health for _, health in LOST.values()} == set(Health) - believed


@each_cell("why", LOST)
def test_trust_comes_back_by_a_clock_card_and_by_nothing_else(why):
    """Not by itself, nor by a day of power, nor by the desk: it goes on as a lower bound."""
    cause, health = LOST[why]
    rig = Rig()
    cause(rig)
    rig.run(86_400)
    assert (rig.state.health, rig.state.lost_by) == (Health.LOWER_BOUND, health)
    rig.write(Work(load_cents=500), seconds_2000(START) // 60)
    rig.insert()
    assert rig.state.health == Health.LOWER_BOUND
    now_s = rig.board.now_us // 1_000_000 - seconds(EPOCH_2000)
    assert show(rig, clock_card(now_s)).endswith("EXECUTED")
    rig.run(86_400)
    assert (rig.state.health, rig.state.lost_by) == (Health.TRUSTED, Health.TRUSTED)


@each_cell("why", LOST)
def test_what_is_used_without_a_trusted_clock_is_counted_apart(why):
    """Between the loss and the clock card, to within a poll at either end, and never after."""
    cause, _ = LOST[why]
    rig = Rig(load=6_000, balance_cents=25_000_000)  # 100 Wh a minute
    cause(rig)
    lost_wh = rig.state.booked_units - rig.state.untimed_wh if why == "three years" else 0
    rig.run(10 * 3_600)
    used_wh = rig.board.metrology.read_units(rig.board.now_us) - lost_wh
    show(rig, clock_card(rig.board.now_us // 1_000_000 - seconds(EPOCH_2000)))
    for _ in range(2):
        assert abs(rig.state.untimed_wh - used_wh) <= 300
        rig.run(3_600)
    for _ in range(7):
        rig.bench.do(Press(Button.BLUE))
    kwh, wh = divmod(rig.state.untimed_wh, 1_000)
    assert rig.board.panel.text == f"USED WITHOUT TIME {kwh}.{wh:03} KWH"


def test_a_clock_card_is_spent_by_its_time():
    rig = lost()
    card = clock_card(NOW_S)
    assert show(rig, card).endswith("EXECUTED")
    assert show(rig, card).endswith("CARD 20 CLOCK_CARD_STALE")
    assert show(rig, clock_card(NOW_S - 1)).endswith("CARD 20 CLOCK_CARD_STALE")
    assert show(rig, clock_card(NOW_S + 1)).endswith("EXECUTED")


@pytest.mark.parametrize("rig", [Rig, lost])
def test_no_clock_is_set_back_past_what_is_certain(rig):
    """Nor one that is not believed: a card made last winter and never used is no news."""
    rig = rig()
    health = rig.state.health
    certain_s = rig.state.last_time_s - rig.state.set_error_s
    assert show(rig, clock_card(certain_s - 61)).endswith("CARD 20 CLOCK_CARD_STALE")
    assert rig.state.health == health
    assert show(rig, clock_card(NOW_S - 60)).endswith("EXECUTED")


def test_a_time_that_not_every_clock_can_show_is_no_date():
    rig = lost()
    assert show(rig, clock_card(SET_TO_S_COUNT - 3_600)).endswith("CARD 16 BAD_DATE")
    assert show(rig, clock_card(SET_TO_S_COUNT - 3_601)).endswith("EXECUTED")


@each_cell("error_s", [0, SET_ERROR_S_MAX + 1, 0xFFFF])
def test_a_card_that_does_not_say_how_good_its_time_is_sets_no_clock(error_s):
    rig = lost()
    key = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, METER_ID)
    record = seal_clock_order(key, meter_id=METER_ID, set_to_s=NOW_S, set_error_s=error_s)
    image = personalise_clock_card(TEST_MASTER_KEY, METER_ID, record, pin=PIN_NOT_USED)
    assert show(rig, SecureCard(image, counted())).endswith("CARD 13 BAD_FORMAT")
    assert rig.state.lost_by == Health.LOW_VOLTAGE


def test_a_clock_card_of_another_meter_is_refused_without_costing_it_a_try():
    rig = lost()
    card = clock_card(NOW_S, meter_id=METER_ID + 1)
    before = card.image.to_bytes()
    assert show(rig, card).endswith("CARD 12 WRONG_METER")
    assert card.image.to_bytes() == before
    assert rig.state.lost_by == Health.LOW_VOLTAGE


@each_cell("error_s", [0, -1, SET_ERROR_S_MAX + 1])
def test_a_tool_that_does_not_say_how_good_it_is_makes_no_card(error_s):
    with pytest.raises(DeskError, match="a clock card is good to"):
        clock_card(NOW_S, error_s=error_s)


def test_an_order_that_waited_comes_into_force():
    rig = lost()
    rig.write(Work(cut_at=Civil(2020, 7, 1, 12, 10)))
    rig.insert()
    assert rig.state.health == Health.LOWER_BOUND
    show(rig, clock_card(NOW_S))
    rig.run(20 * 60)
    assert not rig.board.switch.on


def orders_after_a_loss(work: Work, run_s: int) -> tuple[int, int]:
    """Return what the meter says of an order, its clock lost since and stuck, and with a bound."""
    rig = Rig()
    rig.write(work)
    rig.insert()
    rig.run(run_s)
    rig.board.rtc.voltage_low()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rig.board, "rtc_write", lambda _at, _data: None)
        rig.bench.hint_over()
        rig.run(120)
    assert rig.state.health == Health.LOW_VOLTAGE, "it cannot go on as a lower bound"
    before = rig.state.order_result
    rig.insert()
    assert rig.state.health == Health.LOWER_BOUND
    return before, rig.state.order_result


@each_cell(
    ("work", "run_s", "says"),
    [
        (Work(cut_at=Civil(2020, 7, 3, 23, 1)), 3_600, Result.PENDING),
        (Work(defer_until=Civil(2020, 7, 3, 23, 1)), 3_600, Result.PENDING),
        (Work(cut_at=Civil(2020, 7, 3, 23, 1)), 4 * 86_400, Result.EXECUTED),
        (Work(defer_until=Civil(2020, 7, 3, 23, 1)), 4 * 86_400, Result.EXECUTED),
        (Work(limiter=True), 3_600, Result.EXECUTED),
    ],
)
def test_an_order_whose_end_no_clock_can_tell_any_more_is_pending(work, run_s, says):
    assert orders_after_a_loss(work, run_s) == (says, Result.EXECUTED)


KEY = Key(bytes(range(16)))
SEALED = seal_clock_order(KEY, meter_id=METER_ID, set_to_s=NOW_S, set_error_s=60)


def test_every_bit_of_a_clock_order_is_covered():
    assert open_clock_order(SEALED, KEY).set_to_s == NOW_S
    for bit in range(8 * CLOCK.size_bytes):
        forged = bytearray(SEALED)
        forged[bit // 8] ^= 0x80 >> bit % 8
        with pytest.raises((MacError, LayoutError)):
            open_clock_order(bytes(forged), KEY)
