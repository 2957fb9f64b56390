"""A dump explained by a layout: rows, as our own cards and meters are explained."""

from dataclasses import replace
from itertools import groupby
from math import isfinite
from struct import unpack
from typing import Final

from card_protocol.errors import TimestampError
from card_protocol.timestamp.stamp import stamp_at
from meter_emu.errors import ImageError
from meter_emu.foreign.checks import CHECKS
from meter_emu.foreign.layout_file import (
    COUNTED,
    FLOAT_BYTES,
    Cell,
    DumpLayout,
    RawBits,
    RawCheck,
    RawField,
    epoch_ms,
)
from meter_emu.rows import Meaning, Part, Row, bits, moved, named, octets, secret, text
from meter_emu.units import decimal

_DIGITS: Final = "0123456789"


def cut_out(raw: bytes, layout: DumpLayout, at: int | None, path: str) -> tuple[bytes, int]:
    """Return the bytes of a dump that the layout explains, and where they begin.

    Raise `ImageError` unless they are as many as the layout has; a dump that is longer needs the
    place where the layout begins.
    """
    have, want = len(raw) - (at or 0), layout.size_bytes
    if have < want:
        missing = layout.at(max(0, have))
        ends = f"{missing.part}: {missing.name}, bytes {missing.offset} to {missing.end - 1}"
        begins = f" from byte {at} on" if at else ""
        raise ImageError(
            path,
            f"expected {want} bytes{begins} for layout {layout.name}, got {have}: cut in {ends}",
        )
    if have > want and at is None:
        raise ImageError(
            path,
            f"expected {want} bytes for layout {layout.name}, got {have}: say --at where it begins",
        )
    return raw[at or 0 : (at or 0) + want], at or 0


def explain_dump(raw: bytes, layout: DumpLayout, base: int = 0) -> tuple[Part, ...]:
    """Return every byte of a dump in order, explained; `base` is added to the offsets shown."""
    assert len(raw) == layout.size_bytes, "the caller has cut it out"
    parts: list[Part] = []
    for name, cells in groupby(layout.cells, key=lambda cell: cell.part):
        rows = tuple(_row(raw, cell) for cell in cells)
        rows = moved(rows, base) if base else rows
        parts.append(Part(name, rows[0].offset, rows))
    return tuple(parts)


def _row(raw: bytes, cell: Cell) -> Row:
    piece = raw[cell.offset : cell.end]
    spec = cell.spec
    if spec is None:
        return replace(octets(cell.name, cell.offset, piece), divisible=True)
    if isinstance(spec, RawCheck):
        return _check_row(raw, piece, cell, spec)
    row = replace(_field_row(piece, cell, spec), about=spec.about)
    if spec.equals is not None and piece != bytes.fromhex(spec.equals):
        return replace(
            row, wrong="; ".join(filter(None, (row.wrong, f"expected {spec.equals.lower()}")))
        )
    return row


def _check_row(raw: bytes, piece: bytes, cell: Cell, check: RawCheck) -> Row:
    want = CHECKS[check.algorithm].of(raw[check.first : check.last + 1])
    said = f"{check.algorithm} of bytes {check.first} to {check.last}"
    held = int.from_bytes(piece, cell.order) == want
    should = want.to_bytes(cell.size, cell.order).hex()
    row = octets(cell.name, cell.offset, piece)
    return replace(
        row, note="right" if held else "", wrong="" if held else f"expected {should}", about=said
    )


def _field_row(piece: bytes, cell: Cell, spec: RawField) -> Row:
    if spec.kind == "secret":
        return secret(cell.name, cell.offset, piece)
    if cell.codec is not None:
        return _date_row(piece, cell)
    if spec.kind == "text":
        return octets(cell.name, cell.offset, piece, spec.unit, text)
    if spec.kind == "bcd":
        return _bcd_row(piece, cell, spec)
    if spec.kind == "float":
        return _float_row(piece, cell, spec)
    if spec.split:
        return _split_row(piece, cell, spec)
    number_words = spec.names or spec.bits or spec.unit or spec.scale > 1
    if spec.kind in {"uint", "int"} or (spec.kind is None and number_words):
        value = int.from_bytes(piece, cell.order, signed=spec.kind == "int")
        return _number_row(piece, cell, spec, value)
    return octets(cell.name, cell.offset, piece, spec.unit)


def _date_row(piece: bytes, cell: Cell) -> Row:
    assert cell.codec is not None, "the caller knows"
    row = octets(cell.name, cell.offset, piece, cell.codec.name)
    try:
        stamp = cell.codec.decode(piece)
    except TimestampError as error:
        return replace(row, wrong=str(error))
    return replace(row, note=str(stamp), wrong="; ".join(stamp.doubts()))


def _bcd_row(piece: bytes, cell: Cell, spec: RawField) -> Row:
    digits = piece.hex() if cell.order == "big" else piece[::-1].hex()
    row = octets(cell.name, cell.offset, piece, spec.unit)
    if odd := digits.strip(_DIGITS):
        return replace(row, wrong=f"{odd[0]} is no digit")
    if spec.names or spec.bits or spec.scale > 1 or spec.unit:
        return _number_row(piece, cell, spec, int(digits))
    return replace(row, value=digits, note=digits)


def _float_row(piece: bytes, cell: Cell, spec: RawField) -> Row:
    form = ("<" if cell.order == "little" else ">") + ("f" if cell.size == FLOAT_BYTES[0] else "d")
    (value,) = unpack(form, piece)
    said = f"{value:.9g}" if cell.size == FLOAT_BYTES[0] else repr(value)
    wrong = "" if isfinite(value) else "no number"
    return Row(cell.offset, cell.size, cell.name, piece.hex(), said, spec.unit, wrong=wrong)


def _split_row(piece: bytes, cell: Cell, spec: RawField) -> Row:
    """Return the row of a field whose bits are several numbers: its note says each."""
    number, below = int.from_bytes(piece, cell.order), 8 * cell.size
    notes, wrong = [], []
    for one in spec.split:
        below -= one.bits
        value = number >> below & (1 << one.bits) - 1
        if one.codec is not None and one.epoch is not None:
            step_ms = COUNTED[one.codec]
            meaning = Meaning(str(stamp_at(epoch_ms(one.epoch) + value * step_ms, step_ms)))
        else:
            meaning = _meaning(one, value)
        notes.append(f"{one.name} {meaning.note or f'{value} {one.unit}'.strip()}")
        wrong += [f"{one.name}: {meaning.wrong}"] if meaning.wrong else []
    row = octets(cell.name, cell.offset, piece)
    return replace(row, note="; ".join(notes), wrong="; ".join(wrong))


def _meaning(spec: RawField | RawBits, value: int) -> Meaning:
    """Return what a number means by its names, its bits, or its scale and unit."""
    if spec.names:
        return named({int(key, 0): name for key, name in spec.names.items()})(value)
    if isinstance(spec, RawField) and spec.bits:
        return bits({int(key, 0): name for key, name in spec.bits.items()})(value)
    if spec.scale == 1:
        return Meaning()
    return Meaning(f"{decimal(value, spec.scale)} {spec.unit}".strip())


def _number_row(piece: bytes, cell: Cell, spec: RawField, value: int) -> Row:
    meaning = _meaning(spec, value)
    unit = "" if spec.scale > 1 or spec.names or spec.bits else spec.unit
    return Row(
        cell.offset, cell.size, cell.name, piece.hex(), value, unit, meaning.note, meaning.wrong
    )
