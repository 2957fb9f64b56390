"""A layout runs on `struct` and is described in construct: both must say the same bytes."""

from dataclasses import asdict, dataclass, fields, make_dataclass, replace
from typing import Annotated, Any

import construct as c
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from card_protocol.errors import LayoutError
from card_protocol.formats import budget, clock, container
from card_protocol.formats.budget import compact, instants
from card_protocol.layout import U8, FieldInfo, Layout, Magic

LAYOUTS: list[Layout[Any]] = [
    *(
        value
        for module in (budget, compact, container)
        for value in vars(module).values()
        if isinstance(value, Layout)
    ),
    instants.DESK,
    clock.CLOCK,
]
BY_NAME = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)


def values(field: FieldInfo) -> st.SearchStrategy[Any]:
    if field.kind == "bytes":
        return st.binary(min_size=field.size_bytes, max_size=field.size_bytes)
    low, high = bounds(field)
    return st.integers(low, high) | st.sampled_from([low, low + 1, high - 1, high])


def bounds(field: FieldInfo) -> tuple[int, int]:
    bits = 8 * field.size_bytes
    return (0, 2**bits - 1) if field.kind == "uint" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def records(layout: Layout[Any]) -> st.SearchStrategy[Any]:
    drawn = {field.name: values(field) for field in layout.fields}
    return st.builds(layout.record, **(drawn | {"magic": st.just(layout.magic)}))


def raws(layout: Layout[Any]) -> st.SearchStrategy[bytes]:
    rest = layout.size_bytes - len(layout.magic)
    return st.binary(min_size=rest, max_size=rest).map(lambda tail: layout.magic + tail)


def a_record(layout: Layout[Any]) -> Any:
    return layout.parse(layout.magic + bytes(range(len(layout.magic), layout.size_bytes)))


def test_every_record_is_here():
    assert {layout.name for layout in LAYOUTS} == {
        "identity",
        "desk record",
        "desk record of instants",
        "write-back",
        "clock order",
        "container head",
        "identity part",
        "desk part",
        "meter part",
    }


@BY_NAME
def test_a_buffer_is_read_as_it_is_now(layout):
    """A record that was read is kept; a buffer that changes in place is another record."""
    raw = layout.magic + bytes(layout.size_bytes - len(layout.magic))
    buffer = bytearray(raw)
    assert layout.parse(buffer) == layout.parse(raw)
    assert layout.parse(memoryview(buffer)) == layout.parse(raw)
    buffer[-1] ^= 1
    assert layout.parse(buffer) == layout.parse(bytes(buffer)) != layout.parse(raw)


@BY_NAME
def test_fields_lie_end_to_end_and_fill_the_record(layout):
    at = 0
    for field in layout.fields:
        assert field.offset == at
        at += field.size_bytes
    assert at == layout.size_bytes == layout.definition.sizeof()
    assert [field.name for field in layout.fields] == [f.name for f in fields(layout.record)]


@pytest.mark.slow("examples of each layout", short=3)
@BY_NAME
@settings(max_examples=60)
@given(data=st.data())
def test_struct_and_construct_build_the_same_bytes(layout, data):
    record = data.draw(records(layout))
    raw = layout.build(record)
    assert raw == layout.definition.build(asdict(record))
    assert len(raw) == layout.size_bytes
    assert layout.parse(raw) == record


@pytest.mark.slow("examples of each layout", short=3)
@BY_NAME
@settings(max_examples=60)
@given(data=st.data())
def test_struct_and_construct_parse_the_same_values(layout, data):
    raw = data.draw(raws(layout))
    container = layout.definition.parse(raw)
    record = layout.parse(raw)
    assert asdict(record) == {field.name: container[field.name] for field in layout.fields}
    assert layout.build(record) == raw  # reserved bytes survive, whatever they hold


@BY_NAME
def test_every_truncation_is_refused_by_both(layout):
    raw = layout.build(a_record(layout))
    for size in range(layout.size_bytes):
        with pytest.raises(LayoutError, match=f"{layout.size_bytes} bytes, got {size} bytes"):
            layout.parse(raw[:size])
        with pytest.raises(c.ConstructError):
            layout.definition.parse(raw[:size])


@BY_NAME
def test_a_byte_too_many_is_refused(layout):
    with pytest.raises(LayoutError):
        layout.parse(layout.build(a_record(layout)) + b"\x00")


@BY_NAME
def test_every_other_magic_is_refused(layout):
    raw = layout.build(a_record(layout))
    for at in range(len(layout.magic)):
        for bit in range(8):
            bad = bytearray(raw)
            bad[at] ^= 1 << bit
            with pytest.raises(LayoutError, match="magic"):
                layout.parse(bytes(bad))


@BY_NAME
def test_build_refuses_what_a_field_cannot_hold_and_names_it(layout):
    good = a_record(layout)
    for field in layout.fields:
        wrong: list[Any] = [b"", b"\x00" * (field.size_bytes + 1), "text", None, 7]
        if field.kind != "bytes":
            low, high = bounds(field)
            wrong = [low - 1, high + 1, b"\x00" * field.size_bytes, "1", None, 1.0]
            for value in (low, high):
                layout.build(replace(good, **{field.name: value}))
        for value in wrong:
            with pytest.raises(LayoutError, match=rf"{layout.name}\.{field.name}") as caught:
                layout.build(replace(good, **{field.name: value}))
            assert caught.value.offset == field.offset


@BY_NAME
def test_each_field_moves_only_its_own_bytes(layout):
    """Offsets as the field table states them, seen from outside."""
    first = len(layout.magic)
    zero = bytes(layout.size_bytes - first)
    base = layout.parse(layout.magic + zero)
    for field in layout.fields[1:]:
        ones = b"\xff" * field.size_bytes if field.kind == "bytes" else bounds(field)[1]
        raw = layout.build(replace(base, **{field.name: ones}))
        touched = {at for at in range(first, layout.size_bytes) if raw[at]}
        assert touched == set(range(field.offset, field.offset + field.size_bytes))


@dataclass(frozen=True, slots=True)
class Toy:
    magic: Magic
    signed: Annotated[int, c.Int16sb, "mm"]
    plain: U8


@given(signed=st.integers(-(2**15), 2**15 - 1), plain=st.integers(0, 255))
@example(signed=-1, plain=255)
def test_signed_numbers_agree_too(signed, plain):
    layout = Layout("toy", Toy, magic=b"TY")
    raw = layout.build(Toy(b"TY", signed, plain))
    assert raw == b"TY" + signed.to_bytes(2, "big", signed=True) + bytes([plain])
    assert raw == layout.definition.build({"magic": b"TY", "signed": signed, "plain": plain})
    assert layout.parse(raw) == Toy(b"TY", signed, plain)


def test_the_first_number_outside_a_field_is_refused_by_its_name():
    for width, low, high in (
        (c.Int8ub, 0, 255), (c.Int16ub, 0, 65_535), (c.Int32ub, 0, 4_294_967_295),
        (c.Int8sb, -128, 127), (c.Int16sb, -32_768, 32_767),
        (c.Int32sb, -2_147_483_648, 2_147_483_647),
        (c.Int64sb, -9_223_372_036_854_775_808, 9_223_372_036_854_775_807),
    ):  # fmt: skip
        number = Annotated[int, width]
        two = make_dataclass("Two", [("magic", Magic), ("right", number), ("wrong", number)])
        layout: Layout[Any] = Layout("two", two, magic=b"TW")
        for inside in (low, low + 1, 0, high - 1, high):
            assert layout.parse(layout.build(two(b"TW", inside, inside))).wrong == inside
            for outside in (low - 1, high + 1, 2 * low - 1, 2 * high + 2):
                why = rf"two\.wrong: .* got {outside}$"
                with pytest.raises(LayoutError, match=why) as caught:
                    layout.build(two(b"TW", inside, outside))
                assert caught.value.offset == 2 + width.sizeof()


def test_a_field_is_what_its_annotation_says():
    """Written out: nothing here is derived from the class."""
    assert Layout("toy", Toy, magic=b"TY").fields == (
        (0, 2, "magic", "bytes", ""),
        (2, 2, "signed", "int", "mm"),
        (4, 1, "plain", "uint", ""),
    )


def test_a_field_whose_annotation_says_no_bytes_does_not_load():
    @dataclass(frozen=True)
    class Vague:
        magic: Magic
        plain: int

    with pytest.raises(AssertionError, match=r"Vague\.plain: its annotation says no bytes"):
        Layout("vague", Vague, magic=b"TY")


def test_a_record_that_does_not_start_with_its_magic_does_not_load():
    @dataclass(frozen=True)
    class Headless:
        plain: U8

    with pytest.raises(AssertionError, match="starts with its magic"):
        Layout("headless", Headless, magic=b"TY")


def test_little_endian_integers_do_not_load():
    @dataclass(frozen=True)
    class Swapped:
        magic: Magic
        signed: Annotated[int, c.Int16sl]

    with pytest.raises(AssertionError, match="big-endian"):
        Layout("swapped", Swapped, magic=b"TY")
