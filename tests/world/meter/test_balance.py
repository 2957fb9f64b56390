"""The balance read from a meter's memory, against the ideal meter's exact account."""

import pytest

from meter_emu.firmware.layouts import STATE, STATE_AT, with_crc
from meter_emu.resources import find
from meter_emu.world.judge.account import UEUR
from meter_emu.world.judge.obligations import row_of
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.events import What
from meter_emu.world.meter.observer import balance_ueur
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.cells import each_cell
from tests.firmware.meters import METER_ID, START_US, state
from tests.rigs import MODEL, rig_of

PARTS = parse_build("reference").parts(MODEL)

CAMPAIGN = load_campaign(find("campaigns", "ores-2020-07"))
WORK_S = 5  # an event is dated at the beginning of a look, the balance is of its end


@pytest.mark.slow("cuts or changes it anywhere")
@each_cell("household", list(CAMPAIGN.households), ids=lambda household: household.id)
def test_every_event_carries_a_balance_that_an_exact_account_allows(household):
    events = run_meter(household, CAMPAIGN)
    row = row_of(household, CAMPAIGN, events)
    assert (events[-1].what, events[-1].at_us) == (What.ENDED, CAMPAIGN.end_us)
    assert len(row.books) == len(events)
    worked_wh = max(household.load) * WORK_S * household.model.credit.mwh_per_unit / 3_600_000
    worked_ueur = worked_wh * household.model.credit.price_ueur_per_wh
    for event, (low, high, *_) in zip(events, row.books, strict=True):
        assert event.balance_ueur is not None
        assert low / UEUR - worked_ueur <= event.balance_ueur <= high / UEUR, event
        if household.id == "never-armed":  # one price, one account: all that parts them is one Wh
            assert high - low == household.model.credit.price_ueur_per_wh * UEUR


@pytest.fixture
def board() -> Board:
    """A meter whose two copies of the state are written by the tests."""
    return rig_of(start_us=START_US, meter_id=METER_ID, balance_cents=0).board


def put(board: Board, copy: int, raw: bytes) -> None:
    board.eeprom.cells[STATE_AT[copy] : STATE_AT[copy] + len(raw)] = raw


def saved(balance: int, sequence: int) -> bytes:
    return with_crc(STATE.build(state(balance_ueur=balance, sequence=sequence)))


@pytest.mark.parametrize(
    ("first", "second", "newest"),
    [(1, 2, 1), (2, 1, 0), (0xFFFFFFFF, 0, 1), (0, 0xFFFFFFFF, 0), (7, 0x7FFFFFFF, 1)],
)
def test_the_newest_of_two_copies_is_read_across_the_wrap(board, first, second, newest):
    put(board, 0, saved(100, first))
    put(board, 1, saved(200, second))
    assert balance_ueur(board, PARTS) == (100, 200)[newest]


def test_a_broken_copy_is_passed_over_and_two_tell_nothing(board):
    put(board, 0, saved(100, 1))
    put(board, 1, saved(200, 2)[:-1] + b"?")
    assert balance_ueur(board, PARTS) == 100
    put(board, 0, b"\xff" * STATE.size_bytes)
    assert balance_ueur(board, PARTS) is None


def test_looking_leaves_no_trace(board):
    board.eeprom.weak.add(STATE_AT[0] + 20)  # read through the bus, it would ask fate each time
    before = (board.now_us, board.eeprom.to_bytes(), board.metrology.to_bytes(board.now_us))
    assert balance_ueur(board, PARTS) == balance_ueur(board, PARTS) == 0
    assert (board.now_us, board.eeprom.to_bytes(), board.metrology.to_bytes(board.now_us)) == before
