"""What a card holds, explained: every field shown, whatever is wrong said, no key ever."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from card_protocol.card.image import CardImage, CardKind
from card_protocol.formats.budget import DF_ELECTRICITY, CardId, Sfi, seal
from card_protocol.formats.budget.generations import layouts
from card_protocol.formats.budget.making import record_on
from card_protocol.formats.clock import seal_clock_order
from card_protocol.keys import Key, Purpose, derive
from card_protocol.timestamp import BCD_NONE, Civil
from meter_emu.desk.budget.view import (
    TELLS,
    explain_card,
    explain_record,
)
from meter_emu.desk.card_image import RecordView, Seal
from meter_emu.desk.clock.clock_view import explain_clock_order
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.rows import Row
from tests.cards import file_card
from tests.cells import each_cell

METER = 541_000_000_001
CARD = CardId(METER, 1, CardKind.SECURE)
LAYOUTS = layouts(1)
DESK_KEY = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, METER)
METER_KEY = derive(TEST_MASTER_KEY, Purpose.METER_RECORD, METER)


@pytest.fixture
def image() -> CardImage:
    return file_card(Desk(TEST_MASTER_KEY).issue(METER, issued_at_min=10_734_240))


def explain(image: CardImage, master: Key = TEST_MASTER_KEY) -> tuple[RecordView, ...]:
    return explain_card(lambda sfi: image.content(DF_ELECTRICITY, sfi), image.kind, master)


def record(sfi: Sfi, **changes: Any) -> RecordView:
    """Explain a well-sealed record with some of its fields changed."""
    layout = LAYOUTS[sfi]
    base = layout.magic + b"\x01" + bytes(layout.size_bytes - 3)
    if sfi is not Sfi.WRITE_BACK:
        base = record_on(file_card(Desk(TEST_MASTER_KEY).issue(METER, issued_at_min=1)), sfi)
    key = METER_KEY if sfi is Sfi.WRITE_BACK else DESK_KEY
    raw = seal(layout, replace(layout.parse(base), **changes), key, CARD)
    return explain_record(sfi, raw, CARD, TEST_MASTER_KEY)


def row(view: RecordView, field: str) -> Row:
    (found,) = [row for row in view.rows if row.field == field]
    return found


def complaints(view: RecordView) -> list[str]:
    return [*view.wrong, *(row.wrong for row in view.rows if row.wrong)]


def test_a_new_card_is_well_and_its_write_back_empty(image):
    views = explain(image)
    assert [view.seal for view in views] == [Seal.OK] * 2 + [Seal.EMPTY]
    assert not [complaint for view in views for complaint in complaints(view)]


@each_cell("sfi", list(Sfi))
def test_every_field_of_every_record_is_shown_at_its_offset(sfi):
    view = record(sfi)
    assert [(row.offset, row.field) for row in view.rows] == [
        (field.offset, field.name) for field in LAYOUTS[sfi].fields
    ]
    assert view.seal is Seal.OK
    assert view.size_bytes == LAYOUTS[sfi].size_bytes


def test_values_carry_their_unit_and_meaning():
    view = record(Sfi.WRITE_BACK, balance_ueur=-1_500_000, supply=1, blocks=3, shields=5)
    assert row(view, "balance_ueur").note == "-1.500000 EUR"
    assert row(view, "balance_ueur").unit == "micro-euro"
    assert row(view, "supply").note == "connected"
    assert row(view, "blocks").note == "programmed, credit"
    assert row(view, "shields").note == "deferral, prepayment off"
    assert row(record(Sfi.DESK, loaded_cents=1205), "loaded_cents").note == "12.05 EUR"
    assert row(record(Sfi.DESK), "price_ueur_per_wh").note == "0.250 EUR/kWh"
    assert row(record(Sfi.IDENTITY), "issued_at_min").note == "2000-01-01 00:01 UTC"
    order = record(Sfi.DESK, cut_at=bytes.fromhex("2007032301"))
    assert row(order, "cut_at").note == "2020-07-03 23:01"
    assert row(order, "defer_until").note == "none"


def test_the_journal_is_read_entry_by_entry():
    events = bytes.fromhex("00a3caac08001388 ffffffff0a000001 00a3caac63000000")
    note = row(record(Sfi.WRITE_BACK, events=events), "events").note
    assert note == (
        "2020-05-29 08:12 UTC: credit loaded (5000); none: clock lost (1);"
        " 2020-05-29 08:12 UTC: event 99 (0)"
    )
    assert row(record(Sfi.WRITE_BACK, events=b"\xff" * 24), "events").note == "none"


@each_cell(
    ("sfi", "changes", "field"),
    [
        (Sfi.IDENTITY, {"energy": 3}, "energy"),
        (Sfi.DESK, {"flags": 0x05}, "flags"),
        (Sfi.DESK, {"cut_at": bytes.fromhex("2002311200")}, "cut_at"),
        (Sfi.DESK, {"defer_until": bytes.fromhex("20071a1200")}, "defer_until"),
        (Sfi.DESK, {"price_ueur_per_wh": 0}, "price_ueur_per_wh"),
        (Sfi.DESK, {"night_price_ueur_per_wh": 0}, "night_price_ueur_per_wh"),
        (Sfi.WRITE_BACK, {"result": 0x55}, "result"),
        (Sfi.WRITE_BACK, {"clock_health": 10}, "clock_health"),
        (Sfi.WRITE_BACK, {"supply": 3}, "supply"),
        (Sfi.WRITE_BACK, {"blocks": 4}, "blocks"),
        (Sfi.WRITE_BACK, {"shields": 8}, "shields"),
        (Sfi.WRITE_BACK, {"clock": b"\x99" * 5}, "clock"),
    ],
)
def test_what_is_out_of_range_is_said_at_its_field_although_the_mac_is_right(sfi, changes, field):
    view = record(sfi, **changes)
    assert view.seal is Seal.OK
    assert row(view, field).wrong


def test_what_no_single_field_shows_is_said_of_the_record():
    late, early = bytes.fromhex("2007032301"), bytes.fromhex("2006300900")
    assert "lies before" in record(Sfi.DESK, defer_until=late, cut_at=early).wrong[0]
    assert not record(Sfi.DESK, defer_until=early, cut_at=late).wrong
    assert "carries no dates" in record(Sfi.DESK, token=bytes(8), cut_at=late).wrong[0]
    assert not record(Sfi.DESK, token=bytes(8), cut_at=BCD_NONE).wrong
    assert "the night costs more" in record(Sfi.DESK, night_price_ueur_per_wh=251).wrong[0]
    assert not record(Sfi.DESK, night_price_ueur_per_wh=1).wrong


@each_cell("sfi", list(Sfi))
def test_a_wrong_mac_is_a_word_and_the_fields_are_still_shown(sfi):
    layout = LAYOUTS[sfi]
    raw = layout.magic + b"\x01" + bytes(layout.size_bytes - 3)
    view = explain_record(sfi, raw, CARD, TEST_MASTER_KEY)
    assert view.seal is Seal.WRONG
    assert len(view.rows) == len(layout.fields)
    assert "MAC" in view.wrong[0]


def test_another_master_key_makes_every_mac_wrong(image):
    views = explain(image, Key(b"another operator"))
    assert [view.seal for view in views] == [Seal.WRONG] * 2 + [Seal.EMPTY]


def test_without_an_identity_no_mac_can_be_checked(image):
    views = explain(image.with_content(DF_ELECTRICITY, Sfi.IDENTITY, bytes(48)))
    assert [view.seal for view in views] == [Seal.UNCHECKED] * 2 + [Seal.EMPTY]
    assert "magic" in views[0].wrong[0]
    assert "no identity" in views[1].wrong[0]


def test_another_generation_is_said():
    order = record(Sfi.DESK, generation=3)
    assert order.seal is Seal.UNCHECKED
    assert row(order, "generation").wrong == "expected generation 1 or 2"


def test_a_minute_past_the_calendar_is_no_crash():
    assert row(record(Sfi.DESK, issued_at_min=2**32 - 2), "issued_at_min").note == "after 9999"
    assert row(record(Sfi.DESK, issued_at_min=2**32 - 1), "issued_at_min").note == "none"


@settings(max_examples=150)
@given(sfi=st.sampled_from(list(Sfi)), noise=st.binary(max_size=128), headed=st.booleans())
def test_any_bytes_at_all_are_explained(sfi, noise, headed):
    layout = LAYOUTS[sfi]
    raw = (layout.magic + noise).ljust(layout.size_bytes, b"\x20") if headed else noise
    view = explain_record(sfi, raw[: layout.size_bytes], CARD, TEST_MASTER_KEY)
    assert view.seal in Seal


def test_no_key_is_shown(image):
    shown = repr(explain(image))
    for purpose in Purpose:
        key = derive(TEST_MASTER_KEY, purpose, METER).raw
        assert key.hex() not in shown
        assert repr(key) not in shown
    assert TEST_MASTER_KEY.raw.hex() not in shown


def test_the_view_knows_all_fields():
    """Each is explained by its name or its unit, shows its unit, or is a plain number."""
    plain = {"meter_id", "customer_ref", "card_number", "tariff_number", "order_number"}
    both = [*layouts(1).values(), *layouts(2).values()]
    silent = {f.name for layout in both for f in layout.fields if not f.unit} - TELLS.keys()
    assert silent == plain | {"mac", "challenge", "order_mac"}
    assert TELLS.keys() <= {field.name for layout in both for field in layout.fields}


def explained(issued: CardImage, **changes: Any) -> RecordView:
    """Explain the order of a generation 2 card with some of its fields changed."""
    layout = layouts(2)[Sfi.DESK]
    order = replace(layout.parse(issued.content(DF_ELECTRICITY, Sfi.DESK)), **changes)
    raw = seal(layout, order, DESK_KEY, CARD)
    return explain_record(Sfi.DESK, raw, CARD, TEST_MASTER_KEY)


@pytest.fixture
def second() -> CardImage:
    desk = Desk(TEST_MASTER_KEY)
    expires = Civil(2020, 7, 18, 0, 0)
    issued = desk.issue(METER, generation=2, expires=expires, issued_at_min=10_734_240)
    return file_card(issued)


def test_a_card_of_generation_2_is_explained_as_well(second):
    views = explain(second)
    assert [view.seal for view in views] == [Seal.OK] * 2 + [Seal.EMPTY]
    assert not [complaint for view in views for complaint in complaints(view)]
    assert row(views[0], "expires").note == "2020-07-18 00:00"
    assert row(views[0], "expires_min").note == "2020-07-17 22:00 UTC"
    assert row(views[0], "zone_rule").note == "europe brussels"


CUT = {"cut_at": bytes.fromhex("2007032301"), "cut_min": 10_785_421}  # 3 July 2020 21:01 UTC


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        (CUT, ""),
        (CUT | {"cut_min": 10_785_421 - 1440}, "its instant is 2020-07-02 23:01: they disagree"),
        (CUT | {"cut_min": 2**32 - 1}, "T2 has only one of its two forms"),
        (CUT | {"cut_at": BCD_NONE}, "T2 has only one of its two forms"),
        (CUT | {"cut_min": 2**32 - 2}, "T2 is no date in one of its two forms"),
        (CUT | {"zone_rule": 0xFF}, "T2 has no zone rule"),
    ],
)
def test_two_forms_of_an_end_that_disagree_are_said(second, changes, wrong):
    view = explained(second, **changes)
    assert view.seal is Seal.OK
    assert wrong in " ".join(view.wrong)
    assert bool(view.wrong) == bool(wrong)


def test_a_card_of_mixed_generations_is_said(image, second):
    desk = second.content(DF_ELECTRICITY, Sfi.DESK)[: layouts(1)[Sfi.DESK].size_bytes]
    views = explain(image.with_content(DF_ELECTRICITY, Sfi.DESK, desk))
    assert [bool(view.wrong) for view in views] == [False, True, False]
    assert "another generation" in views[1].wrong[-1]


# A technician's clock card ------------------------------------------------------------------------


def clock_order(**changes: int) -> bytes:
    given = {"meter_id": METER, "set_to_s": 644_400_930, "set_error_s": 60} | changes
    return seal_clock_order(DESK_KEY, **given)


def test_a_clock_order_is_shown_whole_with_the_instant_it_sets():
    view = explain_clock_order(clock_order(), TEST_MASTER_KEY)
    assert (view.name, view.seal, complaints(view)) == ("clock order", Seal.OK, [])
    assert [row.offset for row in view.rows] == [0, 2, 3, 4, 12, 16, 18, 24]
    assert row(view, "set_to_s").note == "2020-06-02 08:15:30 UTC"


@each_cell(
    ("changes", "field"),
    [
        ({"set_error_s": 0}, "set_error_s"),
        ({"set_error_s": 3601}, "set_error_s"),
        ({"set_to_s": 3_155_760_000}, "set_to_s"),  # 2100-01-01 00:00 UTC
    ],
)
def test_what_no_meter_takes_of_a_clock_order_is_said_at_its_field(changes, field):
    view = explain_clock_order(clock_order(**changes), TEST_MASTER_KEY)
    assert view.seal is Seal.OK
    assert row(view, field).wrong


def test_a_clock_order_of_another_office_or_meter_has_a_wrong_mac():
    other = explain_clock_order(clock_order(), Key(bytes(15) + b"\x01"))
    assert (other.seal, len(other.wrong)) == (Seal.WRONG, 1)
    moved = explain_clock_order(clock_order(meter_id=METER + 1), TEST_MASTER_KEY)
    assert moved.seal is Seal.WRONG


@given(noise=st.binary(min_size=32, max_size=32), headed=st.booleans())
def test_any_clock_order_at_all_is_explained(noise, headed):
    raw = b"CC\x01" + noise[3:] if headed else noise
    view = explain_clock_order(raw, TEST_MASTER_KEY)
    assert len(view.rows) == 8
    assert view.seal is not Seal.OK
