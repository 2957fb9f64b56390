"""Bytes explained, and how two files differ, as JSON: for cards, meters and dumps."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from msgspec import field

from meter_emu.cli.printed.base import Printed, Shape, shaped
from meter_emu.desk.card_image import Seal
from meter_emu.resources import means
from meter_emu.rows import Difference

_Raw: TypeAlias = Annotated[str, means("the bytes in hex; `ff * 109` is a run of one byte")]
_Value: TypeAlias = Annotated[int | str, means("a number, or the bytes in hex if they are none")]
_Unit: TypeAlias = Annotated[str, means("of the value, empty if it has none")]
_Note: TypeAlias = Annotated[str, means("what the value means: a date, a name, an amount")]
_Wrong: TypeAlias = Annotated[str, means("why it cannot be so, empty if it can")]
_Faults: TypeAlias = Annotated[tuple[str, ...], means("faults across its fields")]
_Offset: TypeAlias = Annotated[int, means("where it begins, in bytes")]


class FieldSideJson(Shape):
    """What a field holds."""

    raw: _Raw
    value: _Value
    unit: _Unit
    note: _Note
    wrong: _Wrong


class FieldShownJson(Shape):
    """A field explained."""

    offset: _Offset
    size_bytes: int
    field: Annotated[str, means("its name")]
    raw: _Raw
    value: _Value
    unit: _Unit
    note: _Note
    wrong: _Wrong
    about: Annotated[str, means("what the field is for, whatever it holds")]


class PartShownJson(Shape):
    """Fields that belong together."""

    name: str
    offset: _Offset
    size_bytes: int
    said: Annotated[str, means("what holds for all of its fields")]
    wrong: _Faults
    rows: tuple[FieldShownJson, ...] = field(name="fields")


class RecordShownJson(Shape):
    """A record of a card."""

    name: str
    place: Annotated[str, means("where it lies on the card")]
    size_bytes: int
    seal: Annotated[Seal, means("whether its MAC holds")] = field(name="mac")
    rows: tuple[FieldShownJson, ...] = field(name="fields")
    wrong: _Faults


class FieldDiffersJson(Shape):
    """A field in which two files differ."""

    offset: _Offset
    size_bytes: int
    part: str
    field: Annotated[str, means("its name")]
    a: FieldSideJson
    b: FieldSideJson


class DifferencesJson(Printed, tag="diff/1"):
    """How two cards, meter images or dumps differ."""

    a: Annotated[str, means("the first file")]
    b: Annotated[str, means("the second file")]
    same: bool
    differences: tuple[FieldDiffersJson, ...]


def differences_json(a: str, b: str, found: Sequence[Difference]) -> DifferencesJson:
    """Return the comparison of the files `a` and `b`."""
    differences = tuple(
        FieldDiffersJson(
            offset=one.a.offset,
            size_bytes=one.a.size_bytes,
            part=one.part_a.name,
            field=one.a.field,
            a=shaped(one.a, FieldSideJson),
            b=shaped(one.b, FieldSideJson),
        )
        for one in found
    )
    return DifferencesJson(a=a, b=b, same=not found, differences=differences)


class DumpShownJson(Printed, tag="dump-show/1"):
    """A dump explained by a layout file."""

    file: str
    layout: Annotated[str, means("the name in the layout file")]
    source: Annotated[str, means("where the layout comes from")]
    size_bytes: int
    sound: Annotated[bool, means("whether nothing in it is wrong")]
    parts: tuple[PartShownJson, ...]
