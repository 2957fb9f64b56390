"""Factory and state record: what `struct` packs is what construct describes, and no key shows."""

from dataclasses import asdict, fields, replace
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.errors import LayoutError
from card_protocol.layout import FieldInfo, Layout
from meter_emu.firmware.layouts import (
    FACTORY,
    FACTORY_AT,
    NO_END,
    NO_EVENTS,
    STATE,
    STATE_AT,
    Factory,
    State,
    crc_holds,
    with_crc,
)
from tests.cells import each_cell
from tests.firmware.meters import factory, state
from tests.rigs import MODEL

KEYS = [field.name for field in fields(Factory) if field.name.startswith("key_")]


def values(field: FieldInfo) -> st.SearchStrategy[int | bytes]:
    bits = 8 * field.size_bytes
    if field.kind == "bytes":
        return st.binary(min_size=field.size_bytes, max_size=field.size_bytes)
    if field.kind == "int":
        return st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)
    return st.integers(0, (1 << bits) - 1)


def records(layout: Layout[Any]) -> st.SearchStrategy[Any]:
    numbers = {field.name: values(field) for field in layout.fields}
    return st.fixed_dictionaries({**numbers, "magic": st.just(layout.magic)}).map(
        lambda found: layout.record(**found)
    )


@given(records(FACTORY))
def test_the_factory_record_is_what_its_definition_builds(record):
    raw = FACTORY.definition.build(asdict(record))
    assert FACTORY.build(record) == raw
    assert FACTORY.parse(raw) == record


@given(records(STATE))
def test_the_state_record_is_what_its_definition_builds(record):
    raw = STATE.definition.build(asdict(record))
    assert STATE.build(record) == raw
    assert STATE.parse(raw) == record


@pytest.mark.parametrize(("layout", "size"), [(FACTORY, 256), (STATE, 256)])
def test_the_fields_fill_the_record_without_gaps(layout, size):
    at = 0
    for field in layout.fields:
        assert field.offset == at
        at += field.size_bytes
    assert at == layout.size_bytes == size


def test_no_two_records_share_a_page_and_all_lie_in_the_smallest_part_that_holds_them():
    page = MODEL.eeprom_page_bytes
    places = [(FACTORY_AT, FACTORY.size_bytes), *((at, STATE.size_bytes) for at in STATE_AT)]
    pages = [set(range(at // page, -(-(at + size) // page))) for at, size in places]
    assert all(at % page == 0 for at, _ in places)
    assert sum(map(len, pages)) == len(set().union(*pages))
    assert max(at + size for at, size in places) <= MODEL.eeprom_size_bytes


@each_cell("name", KEYS)
def test_no_key_shows_when_a_factory_record_is_printed(name):
    key = bytes(range(0xA0, 0xB0))
    record = factory(**{name: key})
    for text in (repr(record), str(record), f"{record}"):
        assert key.hex() not in text.lower()
        assert repr(key)[2:-1] not in text
    assert len(KEYS) == 5


def test_the_state_record_has_no_key_to_show():
    assert not [field.name for field in fields(State) if "key" in field.name]


@given(st.binary(min_size=5, max_size=256))
def test_the_crc_is_that_of_ieee_802_3_over_all_before_it(raw):
    sealed = with_crc(raw)
    assert sealed[:-4] == raw[:-4]
    assert int.from_bytes(sealed[-4:], "big") == crc32(raw[:-4])
    assert crc_holds(sealed)


def test_every_single_bit_turned_breaks_the_crc():
    sealed = with_crc(STATE.build(state()))
    for bit in range(8 * len(sealed)):
        broken = bytearray(sealed)
        broken[bit // 8] ^= 1 << bit % 8
        assert not crc_holds(bytes(broken))


@each_cell("field", [field for field in STATE.fields if field.kind != "bytes"])
def test_a_number_that_does_not_fit_is_refused_and_not_wrapped(field):
    limit = 1 << 8 * field.size_bytes - (field.kind == "int")
    with pytest.raises(LayoutError, match=field.name):
        STATE.build(replace(state(), **{field.name: limit}))


def test_erased_cells_are_no_end_and_no_event():
    assert set(NO_END) == set(NO_EVENTS) == {0xFF}
    assert (len(NO_END), len(NO_EVENTS)) == (12, 64)
