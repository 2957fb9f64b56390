"""What the meter wrote back: read, believed under its own key alone, and never in the way."""

from dataclasses import replace
from typing import Any

import pytest

from card_protocol.carrier.carrier import Credentials
from card_protocol.carrier.find import find_card
from card_protocol.errors import MacError
from card_protocol.formats import budget
from card_protocol.formats.budget import DF_ELECTRICITY, WriteBackRecord
from card_protocol.keys import Key, Purpose, Role, derive
from card_protocol.terminal import Terminal
from card_protocol.timestamp import BCD_NONE
from meter_emu.desk.confirmed import doubts
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.domain import Result
from tests.cells import each_cell
from tests.desk.reader import DESK_KEY, METER, METER_KEY, Reader


def meter_writes(reader: Reader, record: WriteBackRecord, key: Key) -> None:
    keys = (
        derive(TEST_MASTER_KEY, purpose, METER)
        for purpose in (Purpose.METER_AUTH, Purpose.CARD_AUTH)
    )
    card = find_card(Terminal(reader.exchange), DF_ELECTRICITY)
    card.claimed()
    card.authenticate(Credentials(Role.METER, *keys), bytes(8))
    card.contents(DESK_KEY)
    card.write_back(record, key)


def a_write_back() -> WriteBackRecord:
    blank = budget.WRITE_BACK.parse(b"BB\x01" + bytes(151))
    return replace(
        blank,
        result=Result.EXECUTED,
        meter_id=METER,
        balance_ueur=-500,
        clock=BCD_NONE,
        defer_until=BCD_NONE,
        cut_at=BCD_NONE,
    )


def test_the_desk_reads_what_the_meter_wrote(reader):
    meter_writes(reader, a_write_back(), METER_KEY)
    found = reader.desk.read_back(reader.exchange)
    assert found is not None
    assert (found.result, found.meter_id, found.balance_ueur) == (Result.EXECUTED, METER, -500)


def test_a_write_back_under_another_key_is_not_believed(reader):
    meter_writes(reader, a_write_back(), DESK_KEY)
    with pytest.raises(MacError):
        reader.desk.read_back(reader.exchange)


def test_a_bad_write_back_does_not_stop_the_office(reader):
    """The desk obeys nothing in it, so a meter that garbles it must not cost anybody a load."""
    meter_writes(reader, a_write_back(), DESK_KEY)
    assert (
        reader.desk.serve(reader.exchange, Work(load_cents=500), issued_at_min=1).desk.loaded_cents
        == 500
    )


ORDER_MAC = b"\x01" * 8
OLD, LATE = True, False  # card and meter contradict each other; the meter is only not as far


@each_cell(
    ("changes", "said"),
    [
        ({}, []),
        ({"session_count": 4}, [OLD]),
        ({"session_count": 6}, []),
        ({"order_number": 3}, [OLD]),
        ({"order_number": 1}, [LATE]),
        ({"order_mac": ORDER_MAC[1:] + b"\0"}, [OLD]),
        ({"order_mac": b"\xff" * 8}, []),
        ({"order_mac": None}, []),
        ({"order_mac": None, "cut_at": BCD_NONE}, [OLD]),
        ({"order_mac": None, "defer_until": BCD_NONE}, [OLD]),
        ({"order_number": 3, "order_mac": None, "cut_at": BCD_NONE}, [OLD]),
        ({"accepted_count": 3}, [LATE]),
        ({"accepted_count": 5}, [OLD]),
        ({"session_count": 4, "order_number": 1, "accepted_count": 5}, [OLD, LATE, OLD]),
    ],
)
def test_the_office_says_where_card_and_meter_disagree(changes, said):
    account = Desk(TEST_MASTER_KEY).first_account(METER, issued_at_min=0)
    ends: dict[str, Any] = {
        "defer_until": bytes.fromhex("2006300900"),
        "cut_at": bytes.fromhex("2007032301"),
    }
    desk = replace(account.desk, order_number=2, load_count=4, seen_session=5, **ends)
    agreed = replace(
        a_write_back(),
        order_number=2,
        accepted_count=4,
        session_count=5,
        order_mac=ORDER_MAC,
        **ends,
    )
    found = doubts(replace(agreed, **changes), desk, ORDER_MAC)
    assert [one.contradicts for one in found] == said


def test_a_first_card_without_an_order_has_no_order_to_doubt():
    desk = Desk(TEST_MASTER_KEY).first_account(METER, issued_at_min=0).desk
    assert doubts(a_write_back(), desk, ORDER_MAC) == ()
