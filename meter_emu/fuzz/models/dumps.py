"""What a layout file says of a dump: docs/foreign-dumps.md, from the table that TOML has."""

import re
import struct
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any, Final, NamedTuple

from meter_emu.fuzz.models.checks import check_value
from meter_emu.fuzz.models.moments import SAID_BY, ReadMoment, moment_since

_COUNTED: Final = ("seconds", "minutes", "days")
_WRITTEN: Final = re.compile(r"\d{4,}-\d\d-\d\d( \d\d:\d\d.*)?")


class SaidPlace(NamedTuple):
    """What lies where: a field of the file, a check value, or bytes that nobody explains."""

    part: str
    name: str
    offset: int
    size: int
    order: str
    spec: dict[str, Any]


class SaidField(NamedTuple):
    """What a field holds: its value and note, `None` where the page does not say how."""

    value: int | str | None = None
    note: str | None = None
    wrong: bool = False
    mark: str = "bytes"


def places_said(table: dict[str, Any]) -> list[SaidPlace]:
    """Return what lies where, in order, with what no field explains."""
    found = [*_fields(table.get("field", ()), table["name"], 0, table)]
    for record in table.get("record", ()):
        many = record.get("repeat", 1)
        for number in range(many):
            part = record["name"] + (f" {number + 1} of {many}" if many > 1 else "")
            at = record["offset"] + number * record["size"]
            found += _fields(record["field"], part, at, table)
    for check in table.get("check", ()):
        _, size = check_value(check["algorithm"], b"")
        order = check.get("byte_order", table.get("byte_order", "big"))
        place = (table["name"], check["name"], check["offset"], size, order, check)
        found.append(SaidPlace(*place))
    found.sort(key=lambda one: one.offset)
    filled, at = list[SaidPlace](), 0
    for one in (*found, None):
        until = table["size_bytes"] if one is None else one.offset
        if at < until:
            filled.append(SaidPlace("not in the layout", "unknown", at, until - at, "big", {}))
        if one is not None:
            filled.append(one)
            at = one.offset + one.size
    return filled


def _fields(
    fields: list[dict[str, Any]], part: str, base: int, table: dict[str, Any]
) -> Iterator[SaidPlace]:
    for field in fields:
        many, step = field.get("repeat", 1), field.get("stride", field["size"])
        order = field.get("byte_order", table.get("byte_order", "big"))
        for number in range(many):
            said = f" {number + field.get('number_from', 1)}" if many > 1 else ""
            at = base + field["offset"] + number * step
            yield SaidPlace(part, field["name"] + said, at, field["size"], order, field)


def field_said(raw: bytes, lies: SaidPlace) -> SaidField:
    """Return what a field of a dump holds."""
    piece, spec = raw[lies.offset : lies.offset + lies.size], lies.spec
    if "algorithm" in spec:
        value, size = check_value(spec["algorithm"], raw[spec["first"] : spec["last"] + 1])
        holds = piece == value.to_bytes(size, lies.order)  # type: ignore[arg-type]
        return SaidField(wrong=not holds, mark="a check that holds" if holds else "a wrong check")
    said = _unchecked(piece, lies)
    if "equals" in spec and piece.hex() != spec["equals"].lower():
        return said._replace(wrong=True)
    return said


def _unchecked(piece: bytes, lies: SaidPlace) -> SaidField:
    spec = lies.spec
    kind, codec = spec.get("kind"), spec.get("codec")
    number = int.from_bytes(piece, lies.order, signed=kind == "int")  # type: ignore[arg-type]
    if kind == "secret":
        return SaidField(mark="a secret")
    if codec is not None:
        if codec in _COUNTED:
            return _as_date(_counted(spec["epoch"], codec, number), codec)
        return _as_date(SAID_BY[codec](piece), codec)
    if kind == "text":
        text = piece.rstrip(b"\0")
        plain = all(0x20 <= byte < 0x7F for byte in text)
        return SaidField(note=text.decode() if plain else None, wrong=not plain, mark="a text")
    if kind == "float":
        (value,) = struct.unpack(">f" if lies.size == 4 else ">d", _big_first(piece, lies))
        alike = f"{value:.9g}" if lies.size == 4 else repr(value)
        return SaidField(alike, wrong=not isfinite(value), mark="a float")
    if spec.get("split"):
        return _split(spec["split"], number, lies.size)
    if kind == "bcd":
        digits = _big_first(piece, lies).hex()
        if not digits.isdecimal():
            return SaidField(wrong=True, mark="no digits")
        if not any(spec.get(key) for key in ("names", "bits", "unit")) and spec.get("scale", 1) < 2:
            return SaidField(digits, digits, mark="digits")
        return _worded(spec, int(digits))
    counts = any(spec.get(key) for key in ("names", "bits", "unit")) or spec.get("scale", 1) > 1
    if kind in {"uint", "int"} or (kind is None and counts):
        return _worded(spec, number)
    return SaidField()


def _big_first(piece: bytes, lies: SaidPlace) -> bytes:
    return piece if lies.order == "big" else piece[::-1]


def _worded(spec: dict[str, Any], number: int) -> SaidField:
    if names := {int(key, 0): name for key, name in spec.get("names", {}).items()}:
        known = number in names
        return SaidField(number, names.get(number, ""), not known,
                         "a code" if known else "no such code")  # fmt: skip
    if named := [(int(key, 0), name) for key, name in spec.get("bits", {}).items()]:
        unknown = number
        for bit, _ in named:
            unknown &= ~bit
        note = ", ".join(name for bit, name in named if number & bit)
        return SaidField(number, note or "none", bool(unknown), "bits")
    if (scale := spec.get("scale", 1)) > 1:
        places = len(str(scale)) - 1
        amount = f"{Decimal(number).scaleb(-places):.{places}f}"
        return SaidField(number, f"{amount} {spec.get('unit', '')}".strip(), mark="an amount")
    return SaidField(number, mark="a number")


def _split(bit_fields: list[dict[str, Any]], number: int, size: int) -> SaidField:
    """Read the bits as digits of a number to the base 2, from the left."""
    digits, notes, wrong = f"{number:0{8 * size}b}", [], False
    for one in bit_fields:
        mine, digits = digits[: one["bits"]], digits[one["bits"] :]
        value = int(mine, 2)
        if "codec" in one:
            said = _as_date(_counted(one["epoch"], one["codec"], value), one["codec"])
        else:
            said = _worded({key: one[key] for key in one.keys() - {"bits"}}, value)
        plain = f"{value} {one.get('unit', '')}".strip()
        notes.append(f"{one['name']} {said.note or plain}")
        wrong |= said.wrong
    return SaidField(note="; ".join(notes), wrong=wrong, mark="bits of several numbers")


def _counted(epoch: date, unit: str, count: int) -> ReadMoment:
    return moment_since(epoch.year, unit, count, epoch.month, epoch.day)


def _as_date(said: ReadMoment | None, codec: str) -> SaidField:
    if said is None:
        return SaidField(mark="no date")
    year, month, day, hour, minute, second, ms = said.when
    whole = f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}"
    sizes = {"days": -13, "minutes": -7, "seconds": -4}
    return SaidField(note=whole[: sizes.get(codec)], mark="a date")


def is_date(note: str) -> bool:
    """Whether words are a whole date."""
    return _WRITTEN.fullmatch(note) is not None
