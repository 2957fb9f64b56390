"""Two records are compared field by field, and other bytes not at all."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.formats.budget import WRITE_BACK, Sfi
from card_protocol.formats.budget.compact import DESK_PART, IDENTITY_PART, METER_PART
from card_protocol.formats.budget.generations import DESK_RECORDS, layouts
from card_protocol.formats.clock import CLOCK
from card_protocol.formats.container import HEAD, Container
from card_protocol.formats.differences import record_differences as differences_of
from card_protocol.layout import Layout
from card_protocol.timestamp import Civil, pack_minute
from tests.cells import each_cell

LAYOUTS = {f"{sfi.name} {number}": layouts(number)[sfi] for number in DESK_RECORDS for sfi in Sfi}
LAYOUTS["CLOCK"] = CLOCK
LAYOUTS |= {part.name: part for part in (IDENTITY_PART, DESK_PART, METER_PART)}


def record_differences(then: bytes, now: bytes) -> tuple[str, ...]:
    return differences_of(then, now, LAYOUTS.values())


def blank(layout: Layout[Any]) -> bytes:
    return layout.magic.ljust(layout.size_bytes, b"\0")


@each_cell("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_change_of_any_byte_names_the_one_field_it_is_in(layout):
    old = blank(layout)
    for at in range(len(layout.magic), layout.size_bytes):
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
    if not {(now[:2], len(now)), (now[:1], len(now))} & kinds:
        assert record_differences(then, now) == ()


@pytest.mark.parametrize("number", DESK_RECORDS)
def test_a_copy_of_a_plain_card_is_told_by_its_records_as_far_as_it_was_written(number):
    by_sfi = layouts(number)
    old = Container(1, {sfi: blank(layout) for sfi, layout in by_sfi.items()}).to_bytes()
    at = HEAD.size_bytes + 3 * len(by_sfi)
    for layout in by_sfi.values():
        for field in layout.fields[1:]:
            begin = at + field.offset
            new = old[:begin] + b"\x01" + old[begin + 1 :]
            for size in {1, field.size_bytes, field.size_bytes + 100}:
                end = begin + size
                (said,) = record_differences(old[:end], new[:end])
                assert said.startswith(f"{layout.name}: {field.name} ")
                assert said.endswith("...") is (size < field.size_bytes)
            assert record_differences(old[:begin], new[:begin]) == ()
        at += layout.size_bytes


def test_packed_minutes_are_said_as_dates():
    old = METER_PART.parse(blank(METER_PART))
    ends = [pack_minute(Civil(2020, 7, day, 23, 1)) for day in (3, 2)]
    then, now = (METER_PART.build(replace(old, cut_at=end)) for end in ends)
    want = "meter part: cut_at 2020-07-02 23:01 instead of 2020-07-03 23:01"
    assert record_differences(then, now) == (want,)


def test_records_of_two_kinds_are_not_compared():
    assert record_differences(blank(WRITE_BACK), blank(CLOCK)) == ()
    assert record_differences(b"XX" + bytes(126), blank(WRITE_BACK)) == ()
    assert record_differences(blank(WRITE_BACK), blank(WRITE_BACK)) == ()
