"""What a wrong date of an office can do and what sets it right: the promises of stamps.md."""

from datetime import UTC, datetime, timedelta

import pytest

from card_protocol.card.image import CardKind
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.domain import Result
from meter_emu.firmware.layouts import EventCode, Health, StateFlags, Supply
from meter_emu.ports import Button, Lamp
from meter_emu.units import SECOND_US
from tests.firmware.meters import START, Home, seconds_2000
from tests.firmware.sessions import ON_EACH, events, supplied
from tests.firmware.test_clock_card import clock_card, show

T2 = Civil(2020, 7, 3, 23, 1)
T2_UTC = datetime(2020, 7, 3, 21, 1, tzinfo=UTC)
DAYS_AHEAD = 3  # what the office's date is wrong by
WRONG_MIN = seconds_2000(START + timedelta(days=DAYS_AHEAD)) // 60


def now_s(home: Home) -> int:
    return home.board.now_us // SECOND_US - 946_684_800


def until(home: Home, when: datetime) -> None:
    home.run(seconds_2000(when) - now_s(home))


def armed(carrier: CardKind = CardKind.SECURE) -> Home:
    home = Home(carrier=carrier)
    home.write(Work(cut_at=T2), issued_at_min=now_s(home) // 60)
    assert home.insert().endswith("EXECUTED")
    return home


def wrongly_stamped(home: Home) -> str:
    """Load at an office whose date is wrong; return what the display says."""
    home.write(Work(load_cents=5_000), issued_at_min=WRONG_MIN)
    return home.insert()


@ON_EACH
def test_a_wrong_office_date_cuts_no_home_whose_clock_is_right(carrier):
    """The load counts, the date does not; the cut comes when it was announced."""
    home = armed(carrier)
    assert wrongly_stamped(home).endswith("CARD 22 STAMP_AHEAD")
    kept, back = home.state, home.write_back()
    assert (kept.accepted_cents, kept.accepted_count) == (5_000, 1)
    assert back is not None
    assert (back.result, back.clock_health) == (Result.STAMP_AHEAD, Health.DISPUTED)
    assert back.order_result == Result.EXECUTED
    newest = [EventCode.CARD_REFUSED, EventCode.CREDIT_LOADED, EventCode.CLOCK_LOST]
    assert events(home)[:3] == newest
    assert home.board.panel.lamps & Lamp.CLOCK_DOUBTED
    until(home, T2_UTC - timedelta(seconds=1))
    assert supplied(home)
    until(home, T2_UTC + timedelta(seconds=2 * 70 + 60))
    assert not supplied(home)


def test_the_clock_itself_is_left_alone():
    home = armed()
    home.run(3_600)
    before = home.board.rtc.second_of_day(home.board.now_us)
    wrongly_stamped(home)
    after = home.board.rtc.second_of_day(home.board.now_us)
    assert before is not None
    assert after is not None
    assert 0 <= after - before <= 2
    assert home.state.clock_set_s == seconds_2000(START)


def test_both_refusals_of_a_card_are_journalled():
    home = armed()
    home.card = Home().card  # an older card of the same number, its order and wallet rolled back
    home.write(Work(load_cents=500), issued_at_min=WRONG_MIN)
    home.insert()
    refused = [raw[5:] for raw in _entries(home) if raw[4] == EventCode.CARD_REFUSED]
    assert bytes((0, 0, Result.STAMP_AHEAD)) in refused
    assert len(refused) == 2


def _entries(home: Home) -> list[bytes]:
    raw = home.state.events
    return [raw[at : at + 8] for at in range(0, len(raw), 8)]


def test_an_office_a_quarter_of_an_hour_ahead_is_an_office():
    home = armed()
    home.write(Work(load_cents=5_000), issued_at_min=now_s(home) // 60 + 15)
    assert home.insert().endswith("EXECUTED")
    assert home.state.health == Health.TRUSTED


def test_a_disputed_clock_holds_windows_and_night_until_a_clock_card_settles_it():
    home = Home(balance_cents=1, load=1_000)
    home.write(Work(load_cents=500), issued_at_min=WRONG_MIN)
    home.insert()
    home.run(8 * 86_400)  # by day and by night, the credit long used up
    assert home.state.balance_ueur < 0
    assert supplied(home)
    assert show(home, clock_card(now_s(home))).endswith("CARD 01 EXECUTED")
    assert home.state.health == Health.TRUSTED
    home.run(86_400)
    assert not supplied(home), "no shield holds any more"


def test_a_clock_that_a_card_has_settled_is_not_disputed_by_the_same_date_again():
    home = armed()
    wrongly_stamped(home)
    show(home, clock_card(now_s(home)))
    assert home.insert().endswith("CARD 22 STAMP_AHEAD"), "it is said all the same"
    assert home.state.health == Health.TRUSTED


def test_a_disputed_clock_is_moved_by_no_stamp_either():
    home = armed()
    wrongly_stamped(home)
    home.write(Work(load_cents=500), issued_at_min=WRONG_MIN + 1_440)
    assert home.insert().endswith("CARD 22 STAMP_AHEAD")
    until(home, T2_UTC - timedelta(seconds=1))
    assert supplied(home)


# A clock that nobody has set since it was lost follows the office ---------------------------------


def cut_by_a_wrong_date() -> Home:
    home = armed()
    home.board.rtc.voltage_low()
    home.run(120)
    wrongly_stamped(home)
    assert home.state.health == Health.LOWER_BOUND
    assert not supplied(home)
    assert now_s(home) < seconds_2000(T2_UTC)
    return home


def test_a_wrong_office_date_cuts_a_home_whose_clock_was_lost():
    """A stated limit: nothing else says what time it is."""
    cut_by_a_wrong_date()


def test_the_right_clock_card_is_taken_after_any_stamp_and_takes_back_a_cut_that_has_not_come():
    home = cut_by_a_wrong_date()
    assert show(home, clock_card(now_s(home))).endswith("CARD 01 EXECUTED")
    assert home.state.supply == Supply.READY_FOR_RECONNECTION
    home.bench.press(Button.RED)
    assert supplied(home)
    until(home, T2_UTC - timedelta(seconds=1))
    assert supplied(home), "the order still stands"
    until(home, T2_UTC + timedelta(seconds=200))
    assert not supplied(home)


def test_a_deferral_that_a_wrong_date_ended_goes_on_after_the_right_clock_card():
    home = Home()
    home.write(Work(defer_until=T2), issued_at_min=now_s(home) // 60)
    home.insert()
    home.board.rtc.voltage_low()
    home.run(120)
    wrongly_stamped(home)
    assert home.state.flags & StateFlags.DEFERRAL_OVER
    show(home, clock_card(now_s(home)))
    assert not home.state.flags & StateFlags.DEFERRAL_OVER


def test_a_cut_that_has_come_stays_whatever_a_later_order_names_and_the_clock_card_says():
    home = armed()
    until(home, T2_UTC + timedelta(seconds=200))
    assert not supplied(home)
    home.write(Work(cut_at=T2._replace(day=20)), issued_at_min=now_s(home) // 60)
    home.insert()
    show(home, clock_card(now_s(home) + 1))
    assert home.state.flags & StateFlags.CUT_LATCHED
    assert not supplied(home)


def test_an_old_clock_card_never_used_and_newer_than_the_last_trusted_time_is_believed():
    """A stated limit: it sets the clock back, so that the cut comes late, and never early."""
    home = armed()
    home.run(3_600)
    old = clock_card(now_s(home))
    home.run(600)
    home.board.rtc.voltage_low()
    home.run(6 * 3_600)
    behind_s = 6 * 3_600 + 600
    assert show(home, old).endswith("CARD 01 EXECUTED")
    until(home, T2_UTC + timedelta(seconds=behind_s - 60))
    assert supplied(home)
    until(home, T2_UTC + timedelta(seconds=behind_s + 300))
    assert not supplied(home)


def test_a_clock_card_that_was_wrong_itself_is_undone_by_a_later_time_only():
    """A stated limit: the technician's word is the highest there is."""
    home = armed()
    assert show(home, clock_card(now_s(home) + DAYS_AHEAD * 86_400)).endswith("EXECUTED")
    home.run(86_400)
    assert not supplied(home)
    assert show(home, clock_card(now_s(home))).endswith("CARD 20 CLOCK_CARD_STALE")


@pytest.mark.parametrize("days", [1, 40])
def test_certain_is_what_a_trusted_clock_has_shown(days):
    home = Home()
    home.run(days * 86_400 + 60)
    kept = home.state
    assert 0 <= now_s(home) - kept.certain_s <= 86_400 + 60 + 10 * days
    home.board.rtc.voltage_low()
    home.run(86_400)
    home.write(Work(load_cents=500), issued_at_min=WRONG_MIN + 10**6)
    home.insert()
    assert home.state.health == Health.LOWER_BOUND
    assert home.state.certain_s == kept.certain_s
