"""What a wrong date of an office can do and what sets it right: the promises of stamps.md."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from card_protocol.card.image import CardKind
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.domain import Result
from meter_emu.firmware.layouts import EventCode, Health, StateFlags, Supply
from meter_emu.ports import Button, Lamp
from meter_emu.units import SECOND_US
from meter_emu.world.meter.acts import Press
from tests.firmware.meters import START, Rig, seconds_2000
from tests.firmware.sessions import ON_EACH, events, supplied
from tests.firmware.test_clock_card import clock_card, show
from tests.rigs import MODEL

T2 = Civil(2020, 7, 3, 23, 1)
T2_UTC = datetime(2020, 7, 3, 21, 1, tzinfo=UTC)
DAYS_AHEAD = 3  # what the office's date is wrong by
WRONG_MIN = seconds_2000(START + timedelta(days=DAYS_AHEAD)) // 60


def now_s(rig: Rig) -> int:
    return rig.board.now_us // SECOND_US - 946_684_800


def until(rig: Rig, when: datetime) -> None:
    rig.run(seconds_2000(when) - now_s(rig))


def armed(carrier: CardKind = CardKind.SECURE) -> Rig:
    rig = Rig(carrier=carrier)
    rig.write(Work(cut_at=T2), issued_at_min=now_s(rig) // 60)
    assert rig.insert().endswith("EXECUTED")
    return rig


def wrongly_stamped(rig: Rig) -> str:
    """Load at an office whose date is wrong; return what the display says."""
    rig.write(Work(load_cents=5_000), issued_at_min=WRONG_MIN)
    return rig.insert()


@ON_EACH
def test_a_wrong_office_date_cuts_no_home_whose_clock_is_right(carrier):
    """The load counts, the date does not; the cut comes when it was announced."""
    rig = armed(carrier)
    assert wrongly_stamped(rig).endswith("CARD 22 STAMP_AHEAD")
    kept, back = rig.state, rig.write_back()
    assert (kept.accepted_cents, kept.accepted_count) == (5_000, 1)
    assert back is not None
    assert (back.result, back.clock_health) == (Result.STAMP_AHEAD, Health.DISPUTED)
    assert back.order_result == Result.EXECUTED
    newest = [EventCode.CARD_REFUSED, EventCode.CREDIT_LOADED, EventCode.CLOCK_LOST]
    assert events(rig)[:3] == newest
    assert rig.board.panel.lamps & Lamp.CLOCK_DOUBTED
    until(rig, T2_UTC - timedelta(seconds=1))
    assert supplied(rig)
    until(rig, T2_UTC + timedelta(seconds=2 * 70 + 60))
    assert not supplied(rig)


def test_the_clock_itself_is_left_alone():
    rig = armed()
    rig.run(3_600)
    before = rig.board.rtc.second_of_day(rig.board.now_us)
    wrongly_stamped(rig)
    after = rig.board.rtc.second_of_day(rig.board.now_us)
    assert before is not None
    assert after is not None
    assert 0 <= after - before <= 2
    assert rig.state.clock_set_s == seconds_2000(START)


def test_both_refusals_of_a_card_are_journalled():
    rig = armed()
    rig.card = Rig().card  # an older card of the same number, its order and wallet rolled back
    rig.write(Work(load_cents=500), issued_at_min=WRONG_MIN)
    rig.insert()
    refused = [raw[5:] for raw in _entries(rig) if raw[4] == EventCode.CARD_REFUSED]
    assert bytes((0, 0, Result.STAMP_AHEAD)) in refused
    assert len(refused) == 2


def _entries(rig: Rig) -> list[bytes]:
    raw = rig.state.events
    return [raw[at : at + 8] for at in range(0, len(raw), 8)]


def test_an_office_a_quarter_of_an_hour_ahead_is_an_office():
    rig = armed()
    rig.write(Work(load_cents=5_000), issued_at_min=now_s(rig) // 60 + 15)
    assert rig.insert().endswith("EXECUTED")
    assert rig.state.health == Health.TRUSTED


def test_a_disputed_clock_holds_windows_and_night_until_a_clock_card_settles_it():
    rig = Rig(balance_cents=1, load=1_000)
    rig.write(Work(load_cents=500), issued_at_min=WRONG_MIN)
    rig.insert()
    rig.run(2 * 86_400)  # by day and by night, the credit used up
    assert rig.state.balance_ueur < 0
    assert supplied(rig)
    assert show(rig, clock_card(now_s(rig))).endswith("CARD 01 EXECUTED")
    assert rig.state.health == Health.TRUSTED
    rig.run(86_400)
    assert not supplied(rig), "no shield holds any more"


def test_a_clock_that_a_card_has_settled_is_not_disputed_by_the_same_date_again():
    rig = armed()
    wrongly_stamped(rig)
    show(rig, clock_card(now_s(rig)))
    assert rig.insert().endswith("CARD 22 STAMP_AHEAD"), "it is said all the same"
    assert rig.state.health == Health.TRUSTED


def test_a_disputed_clock_is_moved_by_no_stamp_either():
    rig = armed()
    wrongly_stamped(rig)
    rig.write(Work(load_cents=500), issued_at_min=WRONG_MIN + 1_440)
    assert rig.insert().endswith("CARD 22 STAMP_AHEAD")
    until(rig, T2_UTC - timedelta(seconds=1))
    assert supplied(rig)


# A clock that nobody has set since it was lost follows the office ---------------------------------


def cut_by_a_wrong_date() -> Rig:
    rig = armed()
    rig.board.rtc.voltage_low()
    rig.run(120)
    wrongly_stamped(rig)
    assert rig.state.health == Health.LOWER_BOUND
    assert not supplied(rig)
    assert now_s(rig) < seconds_2000(T2_UTC)
    return rig


def test_a_wrong_office_date_cuts_a_home_whose_clock_was_lost():
    """A stated limit: nothing else says what time it is."""
    cut_by_a_wrong_date()


def test_the_right_clock_card_is_taken_after_any_stamp_and_takes_back_a_cut_that_has_not_come():
    rig = cut_by_a_wrong_date()
    assert show(rig, clock_card(now_s(rig))).endswith("CARD 01 EXECUTED")
    assert rig.state.supply == Supply.READY_FOR_RECONNECTION
    rig.bench.do(Press(Button.RED))
    assert supplied(rig)
    until(rig, T2_UTC - timedelta(seconds=1))
    assert supplied(rig), "the order still stands"
    until(rig, T2_UTC + timedelta(seconds=200))
    assert not supplied(rig)


def test_a_deferral_that_a_wrong_date_ended_goes_on_after_the_right_clock_card():
    rig = Rig()
    rig.write(Work(defer_until=T2), issued_at_min=now_s(rig) // 60)
    rig.insert()
    rig.board.rtc.voltage_low()
    rig.run(120)
    wrongly_stamped(rig)
    assert rig.state.flags & StateFlags.DEFERRAL_OVER
    show(rig, clock_card(now_s(rig)))
    assert not rig.state.flags & StateFlags.DEFERRAL_OVER


def test_a_cut_that_has_come_stays_whatever_a_later_order_names_and_the_clock_card_says():
    rig = Rig(model=msgspec.structs.replace(MODEL, later_cut="stays_cut"))
    rig.write(Work(cut_at=T2), issued_at_min=now_s(rig) // 60)
    rig.insert()
    until(rig, T2_UTC + timedelta(seconds=200))
    assert not supplied(rig)
    rig.write(Work(cut_at=T2._replace(day=20)), issued_at_min=now_s(rig) // 60)
    rig.insert()
    show(rig, clock_card(now_s(rig) + 1))
    assert rig.state.flags & StateFlags.CUT_LATCHED
    assert not supplied(rig)


def test_an_old_clock_card_never_used_and_newer_than_the_last_trusted_time_is_believed():
    """A stated limit: it sets the clock back, so that the cut comes late, and never early."""
    rig = armed()
    rig.run(3_600)
    old = clock_card(now_s(rig))
    rig.run(600)
    rig.board.rtc.voltage_low()
    rig.run(6 * 3_600)
    behind_s = 6 * 3_600 + 600
    assert show(rig, old).endswith("CARD 01 EXECUTED")
    until(rig, T2_UTC + timedelta(seconds=behind_s - 60))
    assert supplied(rig)
    until(rig, T2_UTC + timedelta(seconds=behind_s + 300))
    assert not supplied(rig)


def test_a_clock_card_that_was_wrong_itself_is_undone_by_a_later_time_only():
    """A stated limit: the technician's word is the highest there is."""
    rig = armed()
    assert show(rig, clock_card(now_s(rig) + DAYS_AHEAD * 86_400)).endswith("EXECUTED")
    rig.run(86_400)
    assert not supplied(rig)
    assert show(rig, clock_card(now_s(rig))).endswith("CARD 20 CLOCK_CARD_STALE")


@pytest.mark.parametrize("days", [1, 40])
def test_certain_is_what_a_trusted_clock_has_shown(days):
    rig = Rig()
    rig.run(days * 86_400 + 60)
    kept = rig.state
    assert 0 <= now_s(rig) - kept.certain_s <= 86_400 + 60 + 10 * days
    rig.board.rtc.voltage_low()
    rig.run(86_400)
    rig.write(Work(load_cents=500), issued_at_min=WRONG_MIN + 10**6)
    rig.insert()
    assert rig.state.health == Health.LOWER_BOUND
    assert rig.state.certain_s == kept.certain_s
