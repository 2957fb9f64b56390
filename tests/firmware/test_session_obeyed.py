"""A genuine card in: its order and its load obeyed once and written back, whatever the clock."""

from dataclasses import asdict, replace

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import card_of
from card_protocol.timestamp import MINUTES_NONE, Civil, decode_bcd_minute
from meter_emu.desk.clock.clock_card import issue_clock_card
from meter_emu.desk.desk import Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.domain import Result
from meter_emu.firmware.layouts import NO_END, EnergyAccount, EventCode, Health, StateFlags, Supply
from meter_emu.ports import Button, Lamp
from meter_emu.world.meter.acts import Power, Press
from tests.cells import each_cell
from tests.firmware.meters import METER_ID, START, Rig, seconds_2000
from tests.firmware.sessions import (
    LOAD_W,
    ON_EACH,
    RECORDS,
    T1,
    T2,
    UEUR_PER_CENT,
    armed,
    events,
    resealed,
    supplied,
)
from tests.rigs import MODEL, counted


@ON_EACH
def test_an_order_and_a_load_are_executed_and_told_to_the_card(carrier):
    rig = armed(carrier)
    assert rig.insert() == "CREDIT 100.00 EUR | CARD 01 EXECUTED"
    back, kept = rig.write_back(), rig.state
    assert back is not None
    assert back.result == back.order_result == Result.EXECUTED
    assert (back.order_number, back.accepted_cents, back.accepted_count) == (1, 5_000, 1)
    assert back.balance_ueur == kept.balance_ueur == 10_000 * UEUR_PER_CENT
    assert (decode_bcd_minute(back.defer_until), decode_bcd_minute(back.cut_at)) == (T1, T2)
    assert (back.clock, back.uncertainty_s) == (bytes.fromhex("2007011200"), 60)
    assert back.supply == Supply.CONNECTED
    assert back.meter_id == METER_ID
    carried = b"" if carrier is CardKind.MEMORY else kept.events  # it has no room for events
    assert back.events == carried[: len(back.events)].ljust(len(back.events), b"\xff")
    assert events(rig)[:2] == [EventCode.ORDER_EXECUTED, EventCode.CREDIT_LOADED]


@ON_EACH
def test_a_card_shown_again_is_already_executed_and_changes_nothing_that_counts(carrier):
    rig = armed(carrier)
    rig.insert()
    before = rig.state
    for _ in range(3):
        assert rig.insert() == "CREDIT 100.00 EUR | CARD 02 ALREADY_EXECUTED"
    after = rig.state
    assert after.session_count == before.session_count + 3
    back = rig.write_back()
    assert back is not None
    assert back.result == Result.ALREADY_EXECUTED
    assert back.order_result == Result.EXECUTED
    changed = {name for name, value in asdict(after).items() if value != asdict(before)[name]}
    assert changed == {"sequence", "session_count", "shown_session", "crc"}


def test_a_card_left_in_is_served_once():
    rig = armed()
    rig.bench.insert(rig.card)
    rig.run(3_600)
    assert rig.state.session_count == 1


def test_the_card_is_unpowered_after_its_session():
    rig = armed()
    rig.bench.insert(rig.card)
    assert rig.card.transmit(bytes.fromhex("0084000008")) == b""


def test_the_word_about_the_card_gives_way_to_the_resting_screen():
    rig = armed()
    rig.insert()
    rig.run(120)
    assert rig.board.panel.text == "CREDIT 100.00 EUR"


def test_a_clock_not_believed_takes_the_desks_word_as_a_lower_bound():
    rig = armed()
    rig.board.rtc.voltage_low()
    rig.write(Work(cut_at=T2))
    assert rig.insert().endswith("CARD 01 EXECUTED")
    back = rig.write_back()
    assert back is not None
    assert back.clock_health == Health.LOWER_BOUND
    assert rig.board.panel.lamps & Lamp.CLOCK_DOUBTED


@each_cell("ago_s", [0, 86_400, 3_600 * 24 * 200])
def test_a_lost_clock_never_goes_back_behind_what_the_meter_knew(ago_s):
    """A card written before the last time journalled says less than the meter knows itself."""
    rig = Rig()
    rig.board.rtc.voltage_low()
    rig.write(Work(load_cents=500), (seconds_2000(START) - ago_s) // 60)
    rig.insert()
    assert rig.state.health == Health.LOWER_BOUND
    behind_s = seconds_2000(START) - rig.state.last_time_s
    assert 0 <= behind_s <= (MODEL.clock.set_error_s if ago_s else 0)


@each_cell("year", [2100, 2136, 2150, 10_165])
def test_what_no_clock_can_be_set_to_moves_none(year):
    """A desk whose own clock is a century ahead; a chip that was set by it would show 2000."""
    rig = Rig()
    issued_at_min = (year - 2000) * 525_960 + 1_440
    rig.write(Work(load_cents=500), issued_at_min)
    assert rig.insert().endswith("CARD 01 EXECUTED")
    assert rig.state.health == Health.TRUSTED
    assert rig.state.clock_set_s == seconds_2000(START)


@pytest.mark.parametrize(("work", "fed"), [(Work(reactivate=True), True), (Work(), False)])
def test_a_card_that_says_how_late_it_is_is_obeyed_before_what_is_due_by_that(work, fed):
    """A home held by a lost clock until after T2 is not cut by the card that reactivates it."""
    rig = armed()
    rig.insert()
    rig.bench.do(Power(on=False))
    rig.run(4 * 86_400)
    rig.board.rtc.voltage_low()
    rig.bench.do(Power(on=True))
    assert rig.board.switch.on
    rig.write(replace(work, load_cents=500), seconds_2000(START) // 60 + 4 * 1_440)
    rig.insert()
    assert rig.state.health == Health.LOWER_BOUND
    assert rig.board.switch.on is fed
    assert bool(rig.board.moves) is not fed


def test_an_order_without_a_date_has_nothing_to_wait_for():
    rig = Rig()
    rig.board.rtc.voltage_low()
    rig.write(Work(limiter=True))
    assert rig.insert().endswith("CARD 01 EXECUTED")
    assert rig.state.order_result == Result.EXECUTED


def test_a_dated_order_waits_where_neither_clock_nor_card_knows_the_time():
    """A card of an office that does not say when it writes, and a chip that takes no time."""
    rig = Rig(load=LOAD_W)
    write = rig.board.rtc_write
    rig.board.rtc_write = lambda at, data: None  # type: ignore[method-assign]
    rig.board.rtc.voltage_low()
    rig.write(Work(load_cents=5_000, cut_at=Civil(2020, 7, 1, 12, 30)))
    for sfi in RECORDS:
        resealed(rig, sfi, issued_at_min=MINUTES_NONE)
    for _ in range(2):  # shown again it still waits
        assert rig.insert().endswith("PENDING")
        back = rig.write_back()
        assert back is not None
        assert (back.result, back.order_result) == (Result.PENDING, Result.PENDING)
        assert back.clock_health == Health.LOW_VOLTAGE
    rig.run(3_600)
    assert supplied(rig)
    rig.board.rtc_write = write  # type: ignore[method-assign]
    clock_s = (rig.board.now_us // 1_000_000) - 946_684_800
    technician = issue_clock_card(TEST_MASTER_KEY, METER_ID, set_to_s=clock_s, set_error_s=60)
    rig.bench.insert(card_of(technician, counted()))
    rig.bench.remove()
    assert rig.state.order_result == Result.EXECUTED
    assert not supplied(rig)  # what it waited for has come, and so has the cut
    assert rig.insert().endswith("ALREADY_EXECUTED")


def test_a_reactivation_lifts_a_cut_and_a_person_reconnects():
    rig = Rig()
    rig.write(Work(cut_at=Civil(2020, 6, 30, 9, 0)))
    assert rig.insert() == "OFF: CUT AS OF 2020-06-30 09:00 | CARD 01 EXECUTED"
    assert not supplied(rig)
    rig.write(Work(reactivate=True))
    assert rig.insert() == "PRESS RED TO RECONNECT | CARD 01 EXECUTED"
    assert not supplied(rig)
    rig.bench.do(Press(Button.RED))
    assert supplied(rig)
    assert (rig.state.defer_end, rig.state.cut_end) == (NO_END, NO_END)


def test_a_deferral_that_has_ended_does_not_come_back_with_a_lost_clock():
    rig = Rig(balance_cents=100)
    rig.write(Work(defer_until=Civil(2020, 7, 1, 13, 0)))
    rig.insert()
    rig.run(2 * 3600)
    assert rig.state.flags & StateFlags.DEFERRAL_OVER
    rig.board.rtc.voltage_low()
    rig.bench.hint_over()
    rig.run(120)
    assert rig.state.lost_by == Health.LOW_VOLTAGE
    assert rig.state.account == EnergyAccount.CHARGED
