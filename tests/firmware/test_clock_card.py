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
from meter_emu.desk.bench_key import BENCH_MASTER_KEY
from meter_emu.desk.clock.clock_card import SET_TO_S_COUNT, issue_clock_card
from meter_emu.desk.desk import PIN_NOT_USED, Work
from meter_emu.domain import SET_ERROR_S_MAX, Result
from meter_emu.errors import DeskError
from meter_emu.firmware.layouts import Health
from meter_emu.ports import Button, Lamp
from tests.firmware.meters import EPOCH_2000, METER_ID, START, Home, seconds, seconds_2000
from tests.homes import MODEL, counted


def clock_card(set_to_s: int, *, meter_id: int = METER_ID, error_s: int = 60) -> SecureCard:
    image = issue_clock_card(BENCH_MASTER_KEY, meter_id, set_to_s=set_to_s, set_error_s=error_s)
    return SecureCard(image, counted())


def show(home: Home, card: SecureCard) -> str:
    home.bench.insert(card)
    home.bench.remove()
    return home.board.panel.text


def lost() -> Home:
    """Return a home whose clock chip doubts itself."""
    home = Home()
    home.board.rtc.voltage_low()
    home.run(120)
    assert home.state.health == Health.LOW_VOLTAGE
    return home


NOW_S = seconds_2000(START) + 120


def test_a_clock_card_brings_trust_back():
    home = lost()
    assert show(home, clock_card(NOW_S)).endswith("CARD 01 EXECUTED")
    assert home.state.health == Health.TRUSTED
    assert not home.board.panel.lamps & Lamp.CLOCK_DOUBTED
    assert home.state.set_error_s == 62  # the tool's, and what the write itself adds


def test_the_clock_then_shows_what_the_card_said():
    home = lost()
    show(home, clock_card(NOW_S + 3600))
    when = START + timedelta(seconds=120 + 3600)
    assert home.board.rtc.second_of_day(home.board.now_us) in {
        when.hour * 3600 + when.minute * 60 + when.second + late for late in range(3)
    }


def registers(home: Home, at: int, hexadecimal: str) -> None:
    """Write registers of the clock chip (PCF8563) behind the program's back."""
    now_us = home.board.now_us
    home.board.rtc.write(at, bytes.fromhex(hexadecimal), now_us, now_us)


def leap_in_the_dark(home: Home) -> None:
    home.bench.cut_supply()
    registers(home, 0x05, "01 03 09")  # 1 September, two months on
    home.run(60)
    home.bench.restore_supply()


def setting_cut_short(home: Home) -> None:
    """Take the power away at the write of a setting: the program has said that it is under way."""
    write = home.board.rtc_write

    def cut(at: int, data: bytes) -> None:
        home.bench.cut_supply()
        write(at, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(home.board, "rtc_write", cut)
        home.bench.insert(clock_card(seconds_2000(START)))
    home.bench.remove()
    home.bench.restore_supply()


# what happens to the clock, and what the meter makes of it
LOST: Final[dict[str, tuple[Callable[[Home], object], Health]]] = {
    "VL": (lambda home: home.board.rtc.voltage_low(), Health.LOW_VOLTAGE),
    "31 February": (lambda home: registers(home, 0x05, "31 03 02"), Health.IMPOSSIBLE_DATE),
    "a day back": (lambda home: registers(home, 0x05, "30 02 06"), Health.BACKWARDS),
    "a day ahead": (lambda home: registers(home, 0x05, "02"), Health.TICKS_DISAGREE),
    "held in STOP (8.10)": (lambda home: registers(home, 0x00, "20"), Health.TICKS_DISAGREE),
    "a leap in the dark": (leap_in_the_dark, Health.TOO_FAR_AHEAD),
    "three years": (
        lambda home: home.run((MODEL.clock.trust_max_days + 1) * 86_400), Health.SET_TOO_LONG_AGO,
    ),
    "a setting cut short": (setting_cut_short, Health.BEING_SET),
}  # fmt: skip


def test_every_way_of_losing_trust_is_in_the_table():
    believed = {Health.TRUSTED, Health.LOWER_BOUND, Health.DISPUTED}
    assert {health for _, health in LOST.values()} == set(Health) - believed


@pytest.mark.parametrize("why", LOST)
def test_trust_comes_back_by_a_clock_card_and_by_nothing_else(why):
    """Not by itself, nor by a day of power; the desk's word makes it a lower bound."""
    cause, health = LOST[why]
    home = Home()
    cause(home)
    home.run(86_400)
    assert home.state.health == health
    home.write(Work(load_cents=500), seconds_2000(START) // 60)
    home.insert()
    assert home.state.health == Health.LOWER_BOUND
    now_s = home.board.now_us // 1_000_000 - seconds(EPOCH_2000)
    assert show(home, clock_card(now_s)).endswith("EXECUTED")
    home.run(86_400)
    assert home.state.health == Health.TRUSTED


@pytest.mark.parametrize("why", LOST)
def test_what_is_used_without_a_trusted_clock_is_counted_apart(why):
    """Between the loss and the clock card, to within a poll at either end, and never after."""
    cause, _ = LOST[why]
    home = Home(load=6_000, balance_cents=25_000_000)  # 100 Wh a minute
    cause(home)
    lost_wh = home.state.booked_units if why == "three years" else 0
    home.run(10 * 3_600)
    used_wh = home.board.metrology.read_units(home.board.now_us) - lost_wh
    show(home, clock_card(home.board.now_us // 1_000_000 - seconds(EPOCH_2000)))
    for _ in range(2):
        assert abs(home.state.untimed_wh - used_wh) <= 300
        home.run(3_600)
    for _ in range(7):
        home.bench.press(Button.BLUE)
    kwh, wh = divmod(home.state.untimed_wh, 1_000)
    assert home.board.panel.text == f"USED WITHOUT TIME {kwh}.{wh:03} KWH"


def test_a_clock_card_is_spent_by_its_time():
    home = lost()
    card = clock_card(NOW_S)
    assert show(home, card).endswith("EXECUTED")
    assert show(home, card).endswith("CARD 20 CLOCK_CARD_STALE")
    assert show(home, clock_card(NOW_S - 1)).endswith("CARD 20 CLOCK_CARD_STALE")
    assert show(home, clock_card(NOW_S + 1)).endswith("EXECUTED")


@pytest.mark.parametrize("home", [Home, lost])
def test_no_clock_is_set_back_past_what_is_certain(home):
    """Nor one that is not believed: a card made last winter and never used is no news."""
    home = home()
    health = home.state.health
    certain_s = home.state.last_time_s - home.state.set_error_s
    assert show(home, clock_card(certain_s - 61)).endswith("CARD 20 CLOCK_CARD_STALE")
    assert home.state.health == health
    assert show(home, clock_card(NOW_S - 60)).endswith("EXECUTED")


def test_a_time_that_not_every_clock_can_show_is_no_date():
    home = lost()
    assert show(home, clock_card(SET_TO_S_COUNT - 3_600)).endswith("CARD 16 BAD_DATE")
    assert show(home, clock_card(SET_TO_S_COUNT - 3_601)).endswith("EXECUTED")


@pytest.mark.parametrize("error_s", [0, SET_ERROR_S_MAX + 1, 0xFFFF])
def test_a_card_that_does_not_say_how_good_its_time_is_sets_no_clock(error_s):
    home = lost()
    key = derive(BENCH_MASTER_KEY, Purpose.DESK_RECORD, METER_ID)
    record = seal_clock_order(key, meter_id=METER_ID, set_to_s=NOW_S, set_error_s=error_s)
    image = personalise_clock_card(BENCH_MASTER_KEY, METER_ID, record, pin=PIN_NOT_USED)
    assert show(home, SecureCard(image, counted())).endswith("CARD 13 BAD_FORMAT")
    assert home.state.health == Health.LOW_VOLTAGE


def test_a_clock_card_of_another_meter_is_refused_without_costing_it_a_try():
    home = lost()
    card = clock_card(NOW_S, meter_id=METER_ID + 1)
    before = card.image.to_bytes()
    assert show(home, card).endswith("CARD 12 WRONG_METER")
    assert card.image.to_bytes() == before
    assert home.state.health == Health.LOW_VOLTAGE


@pytest.mark.parametrize("error_s", [0, -1, SET_ERROR_S_MAX + 1])
def test_a_tool_that_does_not_say_how_good_it_is_makes_no_card(error_s):
    with pytest.raises(DeskError, match="a clock card is good to"):
        clock_card(NOW_S, error_s=error_s)


def test_an_order_that_waited_comes_into_force():
    home = lost()
    home.write(Work(cut_at=Civil(2020, 7, 1, 12, 10)))
    home.insert()
    assert home.state.health == Health.LOWER_BOUND
    show(home, clock_card(NOW_S))
    home.run(20 * 60)
    assert not home.board.switch.on


def orders_after_a_loss(work: Work, run_s: int) -> tuple[int, int]:
    """Return what the meter says of an order, its clock lost since, and again with a bound."""
    home = Home()
    home.write(work)
    home.insert()
    home.run(run_s)
    home.board.rtc.voltage_low()
    home.run(120)
    assert home.state.health == Health.LOW_VOLTAGE
    before = home.state.order_result
    home.insert()
    assert home.state.health == Health.LOWER_BOUND
    return before, home.state.order_result


@pytest.mark.parametrize(
    ("work", "run_s", "says"),
    [
        (Work(cut_at=Civil(2020, 7, 3, 23, 1)), 3_600, Result.PENDING),
        (Work(defer_until=Civil(2020, 7, 3, 23, 1)), 3_600, Result.PENDING),
        (Work(cut_at=Civil(2020, 7, 3, 23, 1)), 4 * 86_400, Result.EXECUTED),
        (Work(defer_until=Civil(2020, 7, 3, 23, 1)), 4 * 86_400, Result.EXECUTED),
        (Work(limiter_granted=True), 3_600, Result.EXECUTED),
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
