"""What the meter wrote back: read, believed under its own key alone, and never in the way."""

from dataclasses import replace

import pytest

from card_protocol.carrier.carrier import Credentials
from card_protocol.carrier.find import find_card
from card_protocol.errors import MacError
from card_protocol.formats import budget
from card_protocol.formats.budget import DF_ELECTRICITY, WriteBackRecord
from card_protocol.keys import Key, Purpose, Role, derive
from card_protocol.terminal import Terminal
from card_protocol.timestamp import BCD_NONE
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.domain import Result
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
    assert reader.desk.load(reader.exchange, 500, issued_at_min=1).desk.loaded_cents == 500
