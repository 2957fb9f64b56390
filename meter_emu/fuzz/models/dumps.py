"""What a layout file says of a dump: docs/foreign-dumps.md, from the table that TOML has."""

import re
import struct
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
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
    """What a field holds: its value, note and unit, `None` where the page does not say how.

    `wrong` are words of what is wrong, if anything is.
    """

    value: int | str | None = None
    note: str | None = None
    wrong: str = ""
    mark: str = "bytes"
    unit: str | None = None


# The keys of each table with the least number that a key can have, `None` for what is no number.
_PLACED: Final = {"name": None, "offset": 0, "size": 1}
_NUMBERED: Final = {"names": None, "unit": None, "scale": 1, "codec": None, "epoch": None}
_KEYS: Final[dict[str, dict[str, int | None]]] = {
    "field": _PLACED | _NUMBERED | {
        "kind": None, "byte_order": None, "bits": None, "split": None, "equals": None,
        "repeat": 1, "number_from": 0, "stride": 1, "about": None,
    },
    "record": _PLACED | {"repeat": 1, "field": None},
    "check": {"name": None, "algorithm": None, "offset": 0, "first": 0, "last": 0,
              "byte_order": None},
    "split": {"name": None, "bits": 1, **_NUMBERED},
}  # fmt: skip
_NEEDED: Final = {
    "field": ("name", "offset", "size"), "record": ("name", "offset", "size", "field"),
    "check": ("name", "algorithm", "offset", "first", "last"), "split": ("name", "bits"),
}  # fmt: skip
_OF_ALL: Final = {"name", "source", "size_bytes", "byte_order", "field", "record", "check"}
_SCALES: Final = tuple(10**places for places in range(7))
_PLACES_MAX: Final = 65_536


def is_refused(table: dict[str, Any], sizes: Mapping[str, int]) -> bool:
    """Whether the page refuses a table of a layout; `sizes` are those of the codecs."""
    fields, records, checks = (table.get(name, []) for name in ("field", "record", "check"))
    within = [(one, record["size"]) for record in records if _has_all(record, "record")
              for one in record["field"]]  # fmt: skip
    within += [(one, table.get("size_bytes", 0)) for one in fields]
    if any(not _has_all(one, "record") for one in records) or any(
        _is_refused_field(one, end, sizes) for one, end in within
    ):
        return True
    if any(not _has_all(one, "check") or one["last"] < one["first"] for one in checks):
        return True
    if not {"name", "source", "size_bytes"} <= table.keys() <= _OF_ALL or table["size_bytes"] < 1:
        return True
    many = sum(one.get("repeat", 1) for one in fields) + sum(
        record.get("repeat", 1) * one.get("repeat", 1)
        for record in records for one in record["field"]
    )  # fmt: skip
    if (not fields and not records and not checks) or many > _PLACES_MAX:
        return True
    places = sorted((one.offset, one.offset + one.size) for one in _lying(table))
    overlap = any(other[0] < one[1] for one, other in pairwise(places))
    covered = (
        one["last"] >= table["size_bytes"]
        or not {*range(one["first"], one["last"] + 1)}.isdisjoint(
            range(one["offset"], one["offset"] + check_value(one["algorithm"], b"")[1])
        )
        for one in checks
    )
    return overlap or max(end for _, end in places) > table["size_bytes"] or any(covered)


def _has_all(one: dict[str, Any], what: str) -> bool:
    """Whether a table has what it needs and nothing unknown, each number one that can be."""
    known = _KEYS[what]
    least = all(one[key] >= known[key] for key in one.keys() & known if known[key] is not None)
    return one.keys() <= known.keys() and one.keys() >= {*_NEEDED[what]} and least


def _is_refused_field(one: dict[str, Any], end: int, sizes: Mapping[str, int]) -> bool:
    if not _has_all(one, "field") or one.get("scale", 1) not in _SCALES:
        return True
    size, kind, codec = one["size"], one.get("kind"), one.get("codec")
    step, words = one.get("stride", one["size"]), bool(one.get("names") or one.get("bits"))
    runs_out = one["offset"] + (one.get("repeat", 1) - 1) * step + size > end
    dated = codec in _COUNTED
    return any((
        step < size, runs_out,
        codec is None and "epoch" in one,
        codec is not None and (kind is not None or dated != ("epoch" in one)),
        dated and size > 4,
        codec is not None and not dated and ("byte_order" in one or sizes.get(codec) != size),
        words and kind not in {None, "uint", "int", "bcd"},
        kind == "float" and (size not in {4, 8} or one.get("scale", 1) > 1),
        not all(map(_is_number, (*one.get("names", ()), *one.get("bits", ())))),
        "equals" in one and len(one["equals"]) != 2 * size,
        bool(one.get("split")) and _is_refused_split(one, named=words),
    ))  # fmt: skip


def _is_refused_split(one: dict[str, Any], *, named: bool) -> bool:
    parts = one["split"]
    if not all(_has_all(part, "split") for part in parts):
        return True
    other = named or one.get("unit") or one.get("scale", 1) > 1 or "codec" in one
    return (
        bool(other) or one.get("kind") not in {None, "uint"}
        or sum(part["bits"] for part in parts) > 8 * one["size"]
        or any(("codec" in part) != ("epoch" in part) or part.get("scale", 1) not in _SCALES
               or part["bits"] > (32 if "codec" in part else 64)
               or not all(map(_is_number, part.get("names", ()))) for part in parts)
    )  # fmt: skip


def _is_number(key: str) -> bool:
    return re.fullmatch("[-+]?(0x[0-9a-f]+|[1-9][0-9]*|0)", key, re.IGNORECASE) is not None


def places_said(table: dict[str, Any]) -> list[SaidPlace]:
    """Return what lies where, in order, with what no field explains."""
    found = sorted(_lying(table), key=lambda one: one.offset)
    filled, at = list[SaidPlace](), 0
    for one in (*found, None):
        until = table["size_bytes"] if one is None else one.offset
        if at < until:
            filled.append(SaidPlace("not in the layout", "unknown", at, until - at, "big", {}))
        if one is not None:
            filled.append(one)
            at = one.offset + one.size
    return filled


def _lying(table: dict[str, Any]) -> list[SaidPlace]:
    """Return what the file names, in any order."""
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
    return found


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
        want = value.to_bytes(size, lies.order)  # type: ignore[arg-type]
        if piece == want:
            return SaidField(note="right", mark="a check that holds")
        return SaidField(note="", wrong=f"expected {want.hex()}", mark="a wrong check")
    said = _unchecked(piece, lies)
    if "equals" in spec and piece.hex() != spec["equals"].lower():
        wrong = filter(None, (said.wrong, f"expected {spec['equals'].lower()}"))
        return said._replace(wrong="; ".join(wrong))
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
        said = (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in text)
        return SaidField(note="".join(said), wrong="" if plain else "ASCII", mark="a text")
    if kind == "float":
        (value,) = struct.unpack(">f" if lies.size == 4 else ">d", _big_first(piece, lies))
        alike = f"{value:.9g}" if lies.size == 4 else repr(value)
        wrong = "" if isfinite(value) else "no number"
        return SaidField(alike, wrong=wrong, mark="a float", unit=spec.get("unit", ""))
    if spec.get("split"):
        return _split(spec["split"], number, lies.size)
    if kind == "bcd":
        digits = _big_first(piece, lies).hex()
        if not digits.isdecimal():
            return SaidField(wrong="no digit", mark="no digits")
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
        return SaidField(number, names.get(number, ""), "" if known else "no such code",
                         "a code" if known else "no such code", "")  # fmt: skip
    if named := [(int(key, 0), name) for key, name in spec.get("bits", {}).items()]:
        unknown = number
        for bit, _ in named:
            unknown &= ~bit
        note = ", ".join(name for bit, name in named if number & bit)
        wrong = f"unknown bits {unknown:02x}" if unknown else ""
        return SaidField(number, note or "none", wrong, "bits", "")
    if (scale := spec.get("scale", 1)) > 1:
        places = len(str(scale)) - 1
        amount = f"{Decimal(number).scaleb(-places):.{places}f}"
        note = f"{amount} {spec.get('unit', '')}".strip()
        return SaidField(number, note, mark="an amount", unit="")
    return SaidField(number, mark="a number", unit=spec.get("unit", ""))


def _split(bit_fields: list[dict[str, Any]], number: int, size: int) -> SaidField:
    """Read the bits as digits of a number to the base 2, from the left."""
    digits, notes, wrong = f"{number:0{8 * size}b}", [], list[str]()
    for one in bit_fields:
        mine, digits = digits[: one["bits"]], digits[one["bits"] :]
        value = int(mine, 2)
        if "codec" in one:
            said = _as_date(_counted(one["epoch"], one["codec"], value), one["codec"])
        else:
            said = _worded({key: one[key] for key in one.keys() - {"bits"}}, value)
        plain = f"{value} {one.get('unit', '')}".strip()
        notes.append(f"{one['name']} {said.note or plain}")
        wrong += [f"{one['name']}: {said.wrong}"] if said.wrong else []
    return SaidField(note="; ".join(notes), wrong="; ".join(wrong), mark="bits of several numbers")


def _counted(epoch: date, unit: str, count: int) -> ReadMoment:
    return moment_since(epoch.year, unit, count, epoch.month, epoch.day)


def _as_date(said: ReadMoment | None, codec: str) -> SaidField:
    if said is None:
        return SaidField(mark="no date")
    year, month, day, hour, minute, second, ms = said.when
    whole = f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}"
    sizes = {"days": -13, "minutes": -7, "seconds": -4}
    own = datetime(2000 + year % 400, month, day).isoweekday()  # noqa: DTZ001
    wrong = "" if said.weekday in {None, own} else "weekday"
    return SaidField(note=whole[: sizes.get(codec)], wrong=wrong, mark="a date")


def is_date(note: str) -> bool:
    """Whether words are a whole date."""
    return _WRITTEN.fullmatch(note) is not None
