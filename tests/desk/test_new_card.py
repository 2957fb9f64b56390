"""A new card: nothing on it yet, or all that the lost one carried."""

import pytest

from card_protocol.formats.budget import NO_TOKEN, OrderFlags, Sfi
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.errors import DeskError
from tests.cells import each_cell
from tests.desk.reader import ISSUED, METER, T1, T2, Reader, dates


def test_a_new_card_has_nothing_loaded_and_no_order(reader):
    account = reader.desk.account(reader.exchange)
    assert account.identity.meter_id == METER
    assert (account.desk.loaded_cents, account.desk.load_count) == (0, 0)
    assert account.desk.order_number == 0
    assert dates(account.desk) == (None, None)
    assert account.desk.token == NO_TOKEN
    assert account.desk.flags == OrderFlags.PREPAYMENT_ON
    assert account.desk.tariff_number == account.desk.tariff_number == 1
    assert account.desk.price_ueur_per_wh == 250
    assert reader.desk.read_back(reader.exchange) is None


@each_cell("meter", [0, -1, 2**64])
def test_a_meter_number_that_cannot_be_is_refused(meter):
    with pytest.raises(DeskError, match="meter number"):
        Desk(TEST_MASTER_KEY).issue(meter, issued_at_min=ISSUED)


def test_cards_are_numbered_from_1():
    with pytest.raises(DeskError, match="numbered from 1, got 0"):
        Desk(TEST_MASTER_KEY).issue(METER, card_number=0, issued_at_min=ISSUED)


def test_a_replacement_card_goes_on_where_the_lost_one_was(reader):
    reader.desk.serve(reader.exchange, Work(load_cents=5000), issued_at_min=ISSUED)
    account = reader.desk.serve(
        reader.exchange, Work(defer_until=T1, cut_at=T2), issued_at_min=ISSUED
    )
    kind = reader.card.image.kind
    image = reader.desk.reissue(account, card_number=2, issued_at_min=ISSUED + 1, card_kind=kind)
    second = Reader(image=image)
    if not reader.in_parts:
        for sfi in (Sfi.DESK, Sfi.DESK):  # up to what goes with the card's own number
            assert second.file(sfi)[:-16] == reader.file(sfi)[:-16]
    assert dates(second.order()) == (T1, T2)
    after = second.desk.serve(second.exchange, Work(reactivate=True), issued_at_min=ISSUED + 2)
    assert after.desk.order_number == 2
    assert after.identity.card_number == 2
    assert after.desk.loaded_cents == 5000
