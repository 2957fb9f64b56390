"""Each number that the office takes: both ends are written, and what lies next to them is refused.

The ends are those of docs/card-format.md, docs/memory-card.md and the public terminal text.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.virtual import AnyImage, card_of
from card_protocol.errors import LayoutError
from meter_emu.desk.clock.clock_card import issue_clock_card
from meter_emu.desk.dates import DeskDates
from meter_emu.desk.desk import Account, Desk, Work
from meter_emu.desk.pricing import Pricing
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.energies import ELECTRICITY, GAS
from meter_emu.errors import DeskError
from tests.cells import each_cell
from tests.desk.reader import METER, Reader
from tests.rigs import counted

DESK = Desk(TEST_MASTER_KEY, challenge=counted())
U16, U32, U48, U64 = (2**bits - 1 for bits in (16, 32, 48, 64))
CENTURY_S = 36_525 * 86_400  # of 2000 to 2099
MEMORY = CardKind.MEMORY


def issued(meter_id: int = METER, *, issued_at_min: int = 0, **given: Any) -> AnyImage:
    return DESK.issue(meter_id, issued_at_min=issued_at_min, **given)


def visited(work: Work, minute: int = 1) -> Account:
    card = card_of(issued(), counted())
    card.power_on()
    return DESK.serve(card.transmit, work, issued_at_min=minute)


def reissued(number: int, kind: CardKind = CardKind.SECURE) -> AnyImage:
    account = DESK.first_account(METER, card_number=7, issued_at_min=0)
    return DESK.reissue(account, card_number=number, issued_at_min=0, card_kind=kind)


@each_cell(
    ("what", "write", "low", "high"),
    [
        ("meter", issued, 1, U64),
        ("new card", lambda n: issued(issued_at_min=n), 0, U32 - 1),
        ("visit", lambda n: visited(Work(load_cents=500), n), 0, U32 - 1),
        ("load", lambda n: visited(Work(load_cents=n)), 500, 25_000),
        ("tariff", lambda n: issued(tariff=Pricing.of(n, 250)), 1, U16),
        ("tariff of a visit", lambda n: visited(Work(tariff=Pricing.of(n, 250))), 1, U16),
        ("price", lambda n: issued(tariff=Pricing.of(1, n)), 1, U32),
        ("night price", lambda n: issued(tariff=Pricing.of(1, 250, n)), 1, 250),
        ("factor", lambda n: issued(energy=GAS, mwh_per_unit=n), 1, U16),
        ("electricity's factor", lambda n: issued(mwh_per_unit=n), 1_000, 1_000),
        ("gas at night", lambda n: issued(energy=GAS, tariff=Pricing.of(1, 250, n)), 250, 250),
        ("card", lambda n: issued(card_number=n), 1, U32),
        ("replacement", reissued, 8, U32),
        ("memory card", lambda n: issued(card_number=n, card_kind=MEMORY), 1, U16),
        ("second memory card", lambda n: reissued(n, MEMORY), 8, U16),
        ("customer", lambda n: issued(customer_ref=n, card_kind=MEMORY), 0, U48),
        ("generation", lambda n: issued(generation=n), 1, 2),
        ("memory card's generation", lambda n: issued(generation=n, card_kind=MEMORY), 1, 1),
        ("clock", lambda n: clock_card(set_to_s=n), 0, CENTURY_S - 1),
        ("clock's error", lambda n: clock_card(set_error_s=n), 1, 3_600),
        ("instant", lambda n: DeskDates().minute_of_instant(instant(n)), 0, None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_number_is_written_up_to_its_ends_and_refused_past_them(what, write, low, high):
    for end in (low, high):
        if end is not None:
            write(end)
    for wrong in (low - 1, *(() if high is None else (high + 1,))):
        try:
            write(wrong)
        except DeskError:
            continue
        except LayoutError:  # the office has no limit of its own for these
            assert (what, wrong) in {("card", 2**32), ("replacement", 2**32), ("customer", -1)}
            continue
        pytest.fail(f"{what} {wrong} is taken")


def clock_card(set_to_s: int = 60, set_error_s: int = 60) -> CardImage:
    return issue_clock_card(TEST_MASTER_KEY, METER, set_to_s=set_to_s, set_error_s=set_error_s)


def instant(minute: int) -> datetime:
    return datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)


def test_a_first_card_has_the_first_tariff_of_its_energy_and_no_other():
    for energy, price, factor in ((ELECTRICITY, 250, 1_000), (GAS, 45, 11_500)):
        desk = DESK.first_account(METER, energy=energy, issued_at_min=5).desk
        held = (desk.tariff_number, desk.price_ueur_per_wh, desk.night_price_ueur_per_wh)
        assert held == (1, price, price)
        assert (desk.mwh_per_unit, desk.issued_at_min) == (factor, 5)
        numbers = (desk.loaded_cents, desk.load_count, desk.order_number, desk.seen_session)
        assert numbers == (0, 0, 0, 0)


def test_a_visit_that_changes_nothing_writes_nothing():
    reader = Reader()
    before = reader.files()
    reader.desk.serve(reader.exchange, Work(), issued_at_min=9)
    assert reader.files() == before
