"""Orders: one order is one state, no number is used twice, and dates and tariffs make sense."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from card_protocol.errors import CardProtocolError, LayoutError
from card_protocol.formats.budget import NO_TOKEN, OrderFlags, Sfi, reactivation_token_valid
from card_protocol.timestamp import BCD_NONE, Civil
from meter_emu.desk.as_is import AsIs
from meter_emu.desk.dates import CivilReading
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.pricing import Pricing
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.errors import DeskError
from tests.desk.reader import DEEDS, ISSUED, METER, ORDERING, T1, T2, TOKEN_KEY, Reader, dates


def test_each_item_leaves_the_other_in_place(reader):
    reader.desk.serve(reader.exchange, Work(defer_until=T1), issued_at_min=ISSUED)
    assert dates(reader.order()) == (T1, None)
    reader.desk.serve(reader.exchange, Work(cut_at=T2), issued_at_min=ISSUED)
    assert dates(reader.order()) == (T1, T2)
    reader.desk.serve(reader.exchange, Work(defer_until=T2), issued_at_min=ISSUED)
    assert dates(reader.order()) == (T2, T2)
    assert reader.order().order_number == 3


def test_both_items_in_one_order_take_one_number(reader):
    reader.desk.serve(reader.exchange, Work(defer_until=T1, cut_at=T2), issued_at_min=ISSUED)
    assert (reader.order().order_number, *dates(reader.order())) == (1, T1, T2)


def test_a_faulty_office_writes_fields_of_the_generation_alone(reader):
    """A card of generation 1 has the dates as text (`cut_at`), generation 2 as minutes."""
    work = Work(cut_at=T2, fields=AsIs(cut_at=bytes(5), loaded_cents=7))
    desk = reader.desk.serve(reader.exchange, work, issued_at_min=ISSUED).desk
    assert (desk.cut_at, desk.loaded_cents, desk.order_number) == (bytes(5), 7, 1)
    with pytest.raises(DeskError, match=r"^a card of generation 1 has no cut_min$"):
        reader.desk.serve(reader.exchange, Work(fields=AsIs(cut_min=0)), issued_at_min=ISSUED)


def test_one_visit_is_one_order(reader):
    work = Work(
        load_cents=5000,
        defer_until=T1,
        cut_at=T2,
        prepayment=True,
        limiter=True,
        tariff=Pricing.of(2, 275),
    )
    account = reader.desk.serve(reader.exchange, work, issued_at_min=ISSUED)
    assert account.desk.order_number == 1
    assert account.desk.tariff_number == 2
    assert account.desk.loaded_cents == 5000
    assert reader.desk.account(reader.exchange) == account


@pytest.mark.parametrize("deed", ORDERING)
def test_every_order_takes_the_next_number_and_is_what_is_on_the_card(reader, deed):
    for number in (1, 2, 3):
        account = DEEDS[deed](reader.desk, reader.exchange)
        assert account.desk.order_number == number
        assert account.desk.issued_at_min == ISSUED + 1
        assert account == reader.desk.account(reader.exchange)


@settings(max_examples=40)
@given(deeds=st.lists(st.sampled_from(sorted(DEEDS)), max_size=12))
def test_numbers_and_money_only_grow(deeds):
    reader = Reader()
    before = reader.desk.account(reader.exchange)
    for deed in deeds:
        after = DEEDS[deed](reader.desk, reader.exchange)
        assert after.desk.order_number == before.desk.order_number + (deed != "load")
        assert after.desk.load_count == before.desk.load_count + (deed == "load")
        assert after.desk.loaded_cents >= before.desk.loaded_cents
        assert after.identity == before.identity
        before = after


def test_the_last_number_is_refused_and_not_wrapped(reader):
    reader.reseal(Sfi.DESK, order_number=2 ** (16 if reader.in_parts else 32) - 1)
    with pytest.raises(LayoutError, match="number"):
        reader.desk.serve(reader.exchange, Work(limiter=True), issued_at_min=ISSUED)


@pytest.mark.parametrize(
    "work",
    [
        Work(defer_until=T2, cut_at=T1),
        Work(defer_until=T2, cut_at=T2._replace(minute=0)),
        Work(defer_until=T2, cut_at=T2._replace(day=2)),
    ],
)
def test_a_cut_before_the_deferral_ends_is_refused(reader, work):
    before = reader.files()
    with pytest.raises(DeskError, match="lies before the end of the deferral"):
        reader.desk.serve(reader.exchange, work, issued_at_min=ISSUED)
    assert reader.files() == before


def test_a_cut_before_the_deferral_on_the_card_is_refused_too(reader):
    reader.desk.serve(reader.exchange, Work(defer_until=T2), issued_at_min=ISSUED)
    with pytest.raises(DeskError, match="lies before"):
        reader.desk.serve(reader.exchange, Work(cut_at=T1), issued_at_min=ISSUED)


def test_a_deferral_past_the_cut_on_the_card_is_refused_too(reader):
    """Extending the deferral alone would have the home cut in the middle of it."""
    reader.desk.serve(reader.exchange, Work(cut_at=T1), issued_at_min=ISSUED)
    with pytest.raises(DeskError, match="lies before"):
        reader.desk.serve(reader.exchange, Work(defer_until=T2), issued_at_min=ISSUED)
    reader.desk.serve(reader.exchange, Work(defer_until=T2, cut_at=T2), issued_at_min=ISSUED)
    assert dates(reader.order()) == (T2, T2)


@pytest.mark.parametrize("generation", [1, 2])
def test_each_date_is_held_to_the_other_one_on_the_card_and_not_to_itself(generation):
    reader = Reader(
        image=Desk(TEST_MASTER_KEY).issue(METER, generation=generation, issued_at_min=0)
    )
    desk, exchange = reader.desk, reader.exchange
    desk.serve(exchange, Work(defer_until=T1, cut_at=T2), issued_at_min=ISSUED)
    desk.serve(
        exchange, Work(defer_until=T2), issued_at_min=ISSUED
    )  # later than before, not than the cut
    desk.serve(exchange, Work(defer_until=T1), issued_at_min=ISSUED)
    desk.serve(exchange, Work(cut_at=T1), issued_at_min=ISSUED)
    after = desk.serve(exchange, Work(cut_at=T2), issued_at_min=ISSUED)
    assert dates(after.desk) == (T1, T2)


@pytest.mark.parametrize(
    "when",
    [
        Civil(2020, 2, 31, 12, 0),
        Civil(2100, 1, 1, 0, 0),
        Civil(2020, 3, 29, 2, 30),
        Civil(2020, 10, 25, 2, 30),
    ],
)
def test_a_time_that_is_none_or_two_is_refused(reader, when):
    before = reader.files()
    with pytest.raises(DeskError):
        reader.desk.serve(reader.exchange, Work(cut_at=when), issued_at_min=ISSUED)
    assert reader.files() == before


def test_a_choice_makes_it_one(reader):
    reader.desk.serve(
        reader.exchange,
        Work(cut_at=Civil(2020, 3, 29, 2, 30), reading=CivilReading.LATER),
        issued_at_min=ISSUED,
    )
    assert dates(reader.order()) == (None, Civil(2020, 3, 29, 3, 30))


@pytest.mark.parametrize("minute", [-1, 2**32 - 1, 2**32])
def test_an_instant_no_card_can_carry_is_refused(reader, minute):
    with pytest.raises(DeskError, match="issued at"):
        reader.desk.serve(reader.exchange, Work(load_cents=500), issued_at_min=minute)
    with pytest.raises(DeskError, match="issued at"):
        reader.desk.issue(METER, issued_at_min=minute)


def test_a_reactivation_has_no_dates_and_a_token_for_its_number(reader):
    reader.desk.serve(reader.exchange, Work(defer_until=T1, cut_at=T2), issued_at_min=ISSUED)
    reader.desk.serve(reader.exchange, Work(reactivate=True), issued_at_min=ISSUED)
    order = reader.order()
    assert (order.defer_until, order.cut_at) == (BCD_NONE, BCD_NONE)
    assert reactivation_token_valid(TOKEN_KEY, METER, order.order_number, order.token)
    assert order.order_number == 2


def test_an_order_that_arms_nothing_keeps_the_reactivation_under_its_own_number(reader):
    """Else a household that skips one insertion would lose what it was promised."""
    reader.desk.serve(reader.exchange, Work(reactivate=True), issued_at_min=ISSUED)
    first = reader.order().token
    reader.desk.serve(reader.exchange, Work(limiter=True), issued_at_min=ISSUED)
    order = reader.order()
    assert order.token != first
    assert reactivation_token_valid(TOKEN_KEY, METER, 2, order.token)


def test_an_arming_ends_the_reactivation(reader):
    reader.desk.serve(reader.exchange, Work(reactivate=True), issued_at_min=ISSUED)
    reader.desk.serve(reader.exchange, Work(defer_until=T1), issued_at_min=ISSUED)
    assert reader.order().token == NO_TOKEN
    assert dates(reader.order()) == (T1, None)


def test_an_order_cannot_both_reactivate_and_arm(reader):
    with pytest.raises(DeskError, match="both"):
        reader.desk.serve(reader.exchange, Work(reactivate=True, cut_at=T2), issued_at_min=ISSUED)


def test_a_reactivation_clears_even_a_date_that_is_none(reader):
    """The one order that must always be possible does not read what it clears."""
    reader.reseal(Sfi.DESK, cut_at=b"\x20\x02\x31\xaa\x00")
    with pytest.raises(CardProtocolError):
        reader.desk.serve(reader.exchange, Work(defer_until=T1), issued_at_min=ISSUED)
    reader.desk.serve(reader.exchange, Work(reactivate=True), issued_at_min=ISSUED)
    assert dates(reader.order()) == (None, None)


def test_switches_change_their_own_bit(reader):
    desk, exchange = reader.desk, reader.exchange
    both = OrderFlags.PREPAYMENT_ON | OrderFlags.LIMITER_GRANTED
    assert desk.serve(exchange, Work(limiter=True), issued_at_min=1).desk.flags == both
    off = desk.serve(exchange, Work(prepayment=False), issued_at_min=1).desk.flags
    assert off == OrderFlags.LIMITER_GRANTED
    assert desk.serve(exchange, Work(limiter=False), issued_at_min=1).desk.flags == 0
    assert desk.serve(exchange, Work(prepayment=True), issued_at_min=1).desk.flags == 1


def test_a_tariff_changes_its_record_and_the_order_names_it(reader):
    account = reader.desk.serve(
        reader.exchange, Work(tariff=Pricing.of(2, 275)), issued_at_min=ISSUED + 9
    )
    assert account.desk.tariff_number == 2
    assert account.desk.price_ueur_per_wh == account.desk.night_price_ueur_per_wh == 275
    assert account.desk.tariff_number == 2
    assert account.desk.order_number == 1


@pytest.mark.parametrize("tariff", [(0, 250), (65_536, 250), (1, 0), (1, -1), (1, 2**32)])
def test_a_tariff_no_record_can_hold_is_refused(reader, tariff):
    with pytest.raises(DeskError):
        reader.desk.serve(reader.exchange, Work(tariff=Pricing.of(*tariff)), issued_at_min=ISSUED)


def test_a_night_price_goes_with_its_tariff_and_goes_when_the_next_has_none(reader):
    desk, exchange = reader.desk, reader.exchange
    both = desk.serve(exchange, Work(tariff=Pricing.of(2, 275, 190)), issued_at_min=ISSUED)
    assert (both.desk.price_ueur_per_wh, both.desk.night_price_ueur_per_wh) == (275, 190)
    one = desk.serve(exchange, Work(tariff=Pricing.of(3, 260)), issued_at_min=ISSUED)
    assert (one.desk.price_ueur_per_wh, one.desk.night_price_ueur_per_wh) == (260, 260)


@pytest.mark.parametrize("night", [0, -1, 276, 2**32])
def test_a_night_that_costs_nothing_or_more_than_the_day_is_refused(reader, night):
    with pytest.raises(DeskError, match="a night price is 1 to the day's 275"):
        reader.desk.serve(
            reader.exchange, Work(tariff=Pricing.of(2, 275, night)), issued_at_min=ISSUED
        )
