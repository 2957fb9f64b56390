"""Two records are told apart field by field, and other bytes not at all."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.formats.budget import WRITE_BACK, Sfi
from card_protocol.formats.clock import CLOCK
from card_protocol.formats.differences import record_differences
from card_protocol.formats.generations import ORDERS, layouts
from card_protocol.layout import Layout

LAYOUTS = {f"{sfi.name} {number}": layouts(number)[sfi] for number in ORDERS for sfi in Sfi}
LAYOUTS["CLOCK"] = CLOCK


def blank(layout: Layout[Any]) -> bytes:
    return layout.magic + bytes(layout.size_bytes - 2)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_change_of_any_byte_names_the_one_field_it_is_in(layout):
    old = blank(layout)
    for at in range(2, layout.size_bytes):
        new = old[:at] + b"\x01" + old[at + 1 :]
        (field,) = [f for f in layout.fields if f.offset <= at < f.offset + f.size_bytes]
        (said,) = record_differences(old, new)
        assert said.startswith(f"{layout.name}: {field.name} ")


def test_values_are_said_as_numbers_or_bytes():
    old = WRITE_BACK.parse(blank(WRITE_BACK))
    assert old.cut_at == bytes(5)
    new = replace(old, order_number=7, cut_at=bytes.fromhex("2007032301"), mac=b"\x99" * 8)
    said = record_differences(WRITE_BACK.build(old), WRITE_BACK.build(new))
    assert said == (
        "write-back: order_number 7 instead of 0",
        "write-back: cut_at 2007032301 instead of 0000000000",
    )


@given(st.binary(max_size=140), st.binary(max_size=140))
def test_other_bytes_have_no_fields(then, now):
    kinds = {(layout.magic, layout.size_bytes) for layout in LAYOUTS.values()}
    if (now[:2], len(now)) not in kinds:
        assert record_differences(then, now) == ()


def test_records_of_two_kinds_are_not_compared():
    assert record_differences(blank(WRITE_BACK), blank(CLOCK)) == ()
    assert record_differences(b"XX" + bytes(126), blank(WRITE_BACK)) == ()
    assert record_differences(blank(WRITE_BACK), blank(WRITE_BACK)) == ()
