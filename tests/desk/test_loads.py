"""Loads: money adds up, is held to what one load may be, and never wraps."""

from dataclasses import replace

import pytest

from card_protocol.errors import LayoutError
from card_protocol.formats.budget import Sfi
from meter_emu.desk.desk import Work
from meter_emu.errors import DeskError
from tests.desk.reader import ISSUED, T1, T2


def test_loads_add_up_and_are_counted(reader):
    for cents in (500, 5000, 25_000):
        reader.desk.serve(reader.exchange, Work(load_cents=cents), issued_at_min=ISSUED)
    wallet = reader.desk.account(reader.exchange).desk
    assert (wallet.loaded_cents, wallet.load_count) == (30_500, 3)


@pytest.mark.parametrize("cents", [-1, 1, 499, 25_001, 25_100, 2**32])
def test_a_load_outside_5_to_250_euro_is_refused_and_nothing_written(reader, cents):
    before = reader.files()
    with pytest.raises(DeskError, match=r"5\.00 EUR to 250\.00 EUR"):
        reader.desk.serve(reader.exchange, Work(load_cents=cents), issued_at_min=ISSUED)
    assert reader.files() == before


@pytest.mark.parametrize("cents", [-1, 499, 25_001])
def test_a_visit_with_such_a_load_is_refused_as_a_whole(reader, cents):
    before, work = reader.files(), Work(load_cents=cents, limiter=True)
    with pytest.raises(DeskError, match="a load is"):
        reader.desk.serve(reader.exchange, work, issued_at_min=ISSUED)
    assert reader.files() == before


@pytest.mark.parametrize("cents", [500, 25_000])
def test_5_and_250_euro_are_loads(reader, cents):
    account = reader.desk.serve(reader.exchange, Work(load_cents=cents), issued_at_min=ISSUED)
    assert account.desk.loaded_cents == cents


def test_a_load_leaves_the_order_alone(reader):
    reader.desk.serve(reader.exchange, Work(defer_until=T1, cut_at=T2), issued_at_min=ISSUED)
    before = reader.order()
    reader.desk.serve(reader.exchange, Work(load_cents=5000), issued_at_min=ISSUED + 5)
    after = reader.order()
    money = {name: getattr(before, name) for name in ("loaded_cents", "load_count")}
    assert (after.loaded_cents, after.load_count) == (5_000, 1)
    # The record is issued and sealed as a whole.
    assert replace(after, **money, issued_at_min=before.issued_at_min, mac=before.mac) == before


def test_a_wallet_that_is_full_is_refused_and_not_wrapped(reader):
    reader.reseal(Sfi.DESK, loaded_cents=2**32 - 500)
    with pytest.raises(LayoutError, match="loaded_cents"):
        reader.desk.serve(reader.exchange, Work(load_cents=500), issued_at_min=ISSUED)
