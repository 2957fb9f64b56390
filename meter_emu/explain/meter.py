"""Explains a meter image byte by byte: place, meaning, and values out of range.

`docs/meter-image.md` is the map. Every byte is in exactly one row, in order, and no value raises an
exception, because people look at images with odd values.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Final, NamedTuple, TypeAlias
from zlib import crc32

from card_protocol.errors import LayoutError
from meter_emu.energies import SwitchKind
from meter_emu.errors import ConfigError, ImageError
from meter_emu.explain.clocks import explain_clock
from meter_emu.explain.records import explain_factory, explain_states, thousand
from meter_emu.firmware.layouts import FACTORY, FACTORY_AT, STATE, STATE_AT
from meter_emu.hardware import metrology
from meter_emu.hardware.oscillator import BACKUP_SIZE_BYTES
from meter_emu.resources import built_in
from meter_emu.rows import ERASED, Meaning, Part, Row, number, octets, of_energy, text
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US
from meter_emu.world.meter.clock_chips import clock_chip
from meter_emu.world.meter.image import (
    CRC_SIZE_BYTES,
    IMAGE_HEADER_SIZE_BYTES,
    MAGIC,
    METER_IMAGE_VERSION,
)
from meter_emu.world.meter.install import MODEL_NAME_SIZE_BYTES, model_code, switch_class
from meter_emu.world.meter.model import MeterModel, load_model

MODEL_AT: Final = 8
ENDURANCE_WRITES: Final = 1_000_000  # AT24C256C data sheet, features
WEAR_SIZE_BYTES: Final = 4
_NAMED_CELLS: Final = 6  # ours: so many weak cells are named, the others counted

Explain: TypeAlias = Callable[[bytes, int, MeterModel], Part]


def image_model(raw: bytes, path: str) -> MeterModel:
    """Return the built-in model an image names; raise `ImageError` when it is no image.

    Raise `ConfigError` when the model is none of the built-in ones.
    """
    _require(path, raw[: len(MAGIC)] == MAGIC, 0, MAGIC.decode(), raw[: len(MAGIC)].hex())
    name = text(raw[MODEL_AT : MODEL_AT + MODEL_NAME_SIZE_BYTES]).note
    known = {model.name: model for model in map(load_model, built_in("meters").values())}
    if name not in known:
        raise ConfigError(
            path, "", f"its model {name!r} is none of the built-in ones: {', '.join(known)}"
        )
    return known[name]


def image_size_bytes(model: MeterModel) -> int:
    """Return the size of an image of this model."""
    chips = sum(size for size, _ in _chips(model))
    return IMAGE_HEADER_SIZE_BYTES + chips + sum(_eeprom_sizes(model)) + CRC_SIZE_BYTES


def check_image(raw: bytes, model: MeterModel, path: str) -> None:
    """Raise `ImageError` unless these bytes are a whole image of this model."""
    name = raw[MODEL_AT : MODEL_AT + MODEL_NAME_SIZE_BYTES]
    size = image_size_bytes(model)
    crc, expected = (
        raw[-CRC_SIZE_BYTES:],
        crc32(raw[:-CRC_SIZE_BYTES]).to_bytes(CRC_SIZE_BYTES, "big"),
    )
    _require(path, raw[: len(MAGIC)] == MAGIC, 0, MAGIC.decode(), raw[: len(MAGIC)].hex())
    _require(
        path,
        raw[4:5] == bytes((METER_IMAGE_VERSION,)),
        4,
        f"version {METER_IMAGE_VERSION}",
        raw[4:5].hex(),
    )
    _require(path, name == model_code(model), MODEL_AT, f"model {model.name}", text(name).note)
    _require(path, len(raw) == size, 0, f"{size} bytes", f"{len(raw)} bytes")
    _require(path, crc == expected, size - CRC_SIZE_BYTES, f"CRC-32 {expected.hex()}", crc.hex())


def _require(path: str, met: bool, offset: int, expected: str, got: str) -> None:
    if not met:
        error = LayoutError("meter image", offset=offset, expected=expected, got=got or "nothing")
        raise ImageError(path, str(error))


def explain_image(raw: bytes, model: MeterModel, *, fold: bool = True) -> tuple[Part, ...]:
    """Return every byte of a whole image of `model`, in order, explained.

    With `fold`, pages that hold the same are one row. Without, the parts of two images of one
    model lie alike, whatever they hold, so they can be compared.
    """
    assert len(raw) == image_size_bytes(model), "the caller has checked it"
    parts = [Part("header", 0, tuple(_header(raw)))]
    at = IMAGE_HEADER_SIZE_BYTES
    for size, explain in _chips(model):
        parts.append(explain(raw[at : at + size], at, model))
        at += size
    parts += _eeprom(raw, at, model, fold=fold)
    at = len(raw) - CRC_SIZE_BYTES
    crc = replace(octets("crc", at, raw[at:]), about="CRC-32 of everything before it")
    return (*parts, Part("end", at, (crc,)))


def meter_id_of(parts: Sequence[Part]) -> int | None:
    """Return the number of a meter explained, `None` when its factory record does not count."""
    for part in parts:
        for row in part.rows:
            if (
                row.field == "meter_id"
                and isinstance(row.value, int)
                and not any(row.wrong for row in part.rows)
            ):
                return row.value
    return None


def _header(raw: bytes) -> Iterator[Row]:
    yield octets("magic", 0, raw[:4], explain=text)
    yield number("version", 4, raw[4:5])
    yield octets("reserved", 5, raw[5:MODEL_AT], explain=_zeros)
    yield octets("model", MODEL_AT, raw[MODEL_AT:IMAGE_HEADER_SIZE_BYTES], explain=text)


def _zeros(raw: bytes) -> Meaning:
    return Meaning("unused, 00", "expected 00 in every byte" if any(raw) else "")


# Chips --------------------------------------------------------------------------------------------


def _chips(model: MeterModel) -> Iterator[tuple[int, Explain]]:
    """Yield size and explanation of every part before the EEPROM, as they lie in the image."""
    yield clock_chip(model).chip.IMAGE_BYTES, _clock
    yield BACKUP_SIZE_BYTES, _backup
    yield switch_class(model).IMAGE_BYTES, _SWITCHES[model.measures.switch]
    yield metrology.METROLOGY_SIZE_BYTES, _metrology


def _clock(raw: bytes, at: int, model: MeterModel) -> Part:
    return explain_clock(clock_chip(model).chip, raw, at, model.rtc_base, model.zone)


def _backup(raw: bytes, at: int, model: MeterModel) -> Part:
    most_days = model.clock.backup_days

    def explain(charge_us: int) -> Meaning:
        days, rest_us = divmod(charge_us, DAY_US)
        hours, rest_us = divmod(rest_us, HOUR_US)
        note = f"enough for {days} d {hours} h {rest_us // MINUTE_US} min without supply"
        return Meaning(
            note, f"expected at most {most_days} d" if charge_us > most_days * DAY_US else ""
        )

    said = f"the backup capacitor that carries the clock, {most_days} d when full"
    return Part("backup", at, (number("charge", at, raw, "µs", explain),), said)


def _contactor(raw: bytes, at: int, model: MeterModel) -> Part:  # noqa: ARG001 - as the others
    def explain(flags: int) -> Meaning:
        position = "closed: supply on" if flags & 1 else "open: supply off"
        stuck = ", stuck: it no longer moves (an injected fault)" if flags & 2 else ""
        return Meaning(position + stuck, f"unknown bits {flags & ~3:02x}" if flags & ~3 else "")

    return Part("switch", at, (number("position", at, raw, "bits", explain),), "the contactor")


def _valve(raw: bytes, at: int, model: MeterModel) -> Part:
    what = model.energy

    def explain(flags: int) -> Meaning:
        position = f"open, {what} can pass" if flags & 1 else f"closed, no {what} can pass"
        between = ", stopped between its ends" if flags & 4 else ""
        stuck = ", stuck: it no longer moves (an injected fault)" if flags & 2 else ""
        wrong = f"unknown bits {flags & ~7:02x}" if flags & ~7 else ""
        if flags & 5 == 4:
            wrong = f"expected bit 01 with bit 04: between its ends {what} can pass"
        return Meaning(position + between + stuck, wrong)

    return Part("switch", at, (number("position", at, raw, "bits", explain),), "the valve")


_SWITCHES: Final[Mapping[SwitchKind, Explain]] = {"contactor": _contactor, "valve": _valve}


def _metrology(raw: bytes, at: int, model: MeterModel) -> Part:
    energy = model.measures

    def explain(rest: int) -> Meaning:
        note = f"0.{rest * 1_000_000 // metrology.UNIT:06} {energy.units}"
        wrong = f"expected less than {metrology.UNIT}"
        return Meaning(note) if rest < metrology.UNIT else Meaning(wrong=wrong)

    rows = (
        number("register", at, raw[:4], energy.units, thousand(energy.kilo_units)),
        number("remainder", at + 4, raw[4:], f"{energy.rate_unit}·µs", explain),
    )
    return Part("metrology", at, rows, "all that ever flowed")


# EEPROM -------------------------------------------------------------------------------------------


def _eeprom_sizes(model: MeterModel) -> tuple[int, int, int]:
    """Return the sizes of cells, weak-cell bits and wear counters."""
    cells = model.eeprom_size_bytes
    return cells, cells // 8, cells // model.eeprom_page_bytes * WEAR_SIZE_BYTES


class _Pages(NamedTuple):
    """Pages `first` to `last`, which hold the same and are one row."""

    first: int
    last: int
    raw: bytes  # of each of them

    @property
    def page_count(self) -> int:
        """How many they are."""
        return self.last - self.first + 1

    @property
    def whole(self) -> bytes:
        """The bytes of all of them."""
        return self.raw * self.page_count


def _pages(raw: bytes, size: int, folds: Callable[[bytes], bool]) -> Iterator[_Pages]:
    """Yield pieces of `size` bytes, one a page; equal neighbours as one where a piece folds."""
    pieces = [raw[at : at + size] for at in range(0, len(raw), size)]

    def key(page: int) -> bytes | int:
        return pieces[page] if folds(pieces[page]) else page

    for _, same in groupby(range(len(pieces)), key=key):
        pages = list(same)
        yield _Pages(pages[0], pages[-1], pieces[pages[0]])


def _eeprom(raw: bytes, at: int, model: MeterModel, *, fold: bool) -> Iterator[Part]:
    size, weak_size, wear_size = _eeprom_sizes(model)
    cells = raw[at : at + size]
    weak_at, wear_at = at + size, at + size + weak_size
    weak = raw[weak_at:wear_at]
    yield from _cells(cells, weak, at, model, fold=fold)
    rows = tuple(_weak(weak, weak_at, model, fold=fold))
    yield Part("weak cells", weak_at, rows, _weak_words(_weak_cells(weak)))
    wear = raw[wear_at : wear_at + wear_size]
    yield Part("wear", wear_at, tuple(_wear(wear, wear_at, fold=fold)), _wear_summary(wear))


def _cells(cells: bytes, weak: bytes, at: int, model: MeterModel, *, fold: bool) -> Iterator[Part]:
    """Yield the records and, between and behind them, the cells that belong to nothing."""
    parts: list[Part] = []
    if FACTORY_AT + FACTORY.size_bytes <= len(cells):
        record = cells[FACTORY_AT : FACTORY_AT + FACTORY.size_bytes]
        parts.append(explain_factory(record, at + FACTORY_AT, model_code(model), fold=fold))
    if STATE_AT[-1] + STATE.size_bytes <= len(cells):
        copies = [cells[start : start + STATE.size_bytes] for start in STATE_AT]
        ats = [at + start for start in STATE_AT]
        explained = explain_states(copies, ats, model.zone, fold=fold)
        parts += (of_energy(part, model.measures) for part in explained)
    end = 0
    for part in parts:
        start = part.offset - at
        yield from _unused(cells, end, start, at, model.eeprom_page_bytes, fold=fold)
        end = start + part.size_bytes
        yield _with_weak(part, start, end, weak)
    yield from _unused(cells, end, len(cells), at, model.eeprom_page_bytes, fold=fold)


def _with_weak(part: Part, start: int, end: int, weak: bytes) -> Part:
    """Return the part, said to have weak cells when it has."""
    inside = [cell for cell in _weak_cells(weak) if start <= cell < end]
    return replace(part, said=f"{part.said}; {_weak_words(inside)}") if inside else part


def _unused(
    cells: bytes, start: int, end: int, at: int, page_bytes: int, *, fold: bool
) -> Iterator[Part]:
    """Yield the cells from `start` to `end`, which belong to nothing and stay erased."""
    edges = [start, *range(start - start % page_bytes + page_bytes, end, page_bytes), end]
    pieces = [range(one, other) for one, other in pairwise(edges) if one < other]
    rows: list[Row] = []
    for blank, group in groupby(pieces, key=lambda piece: _is_erased(_cut(cells, piece))):
        run = list(group)
        whole = [range(run[0].start, run[-1].stop)] if blank and fold else run
        rows += (_unused_row(_cut(cells, piece), piece, at) for piece in whole)
    if rows:
        yield Part("unused cells", at + start, tuple(rows))


def _is_erased(raw: bytes) -> bool:
    return raw == bytes((ERASED,)) * len(raw)


def _cut(cells: bytes, piece: range) -> bytes:
    return cells[piece.start : piece.stop]


def _unused_row(raw: bytes, piece: range, at: int) -> Row:
    field, size = f"{piece.start:04X}h to {piece.stop - 1:04X}h", len(raw)
    where = at + piece.start
    if _is_erased(raw):
        return Row(
            where, size, field, f"ff * {size}", f"ff * {size}", note="erased", divisible=True
        )
    written = size - raw.count(ERASED)
    wrong = f"{written} of them written, but nothing belongs here"
    return Row(where, size, field, raw.hex(), raw.hex(), wrong=wrong, divisible=True)


def _weak_cells(weak: bytes) -> list[int]:
    """Return the cells whose bit is set; cell 0 is bit 80 of the first byte."""
    return [
        at * 8 + bit
        for at, byte in enumerate(weak)
        if byte
        for bit in range(8)
        if byte & 0x80 >> bit
    ]


def _weak_words(cells: list[int]) -> str:
    if not cells:
        return "none"
    named = ", ".join(f"{cell:04X}h" for cell in cells[:_NAMED_CELLS])
    more = f" and {len(cells) - _NAMED_CELLS} more" if len(cells) > _NAMED_CELLS else ""
    return f"{len(cells)} weak, each read gives something else: {named}{more}"


def _weak(raw: bytes, at: int, model: MeterModel, *, fold: bool) -> Iterator[Row]:
    page_bytes = model.eeprom_page_bytes
    size = page_bytes // 8
    for pages in _pages(raw, size, lambda bits: fold and not any(bits)):
        first = pages.first * page_bytes
        field = f"{first:04X}h to {(pages.last + 1) * page_bytes - 1:04X}h"
        note = _weak_words([first + cell for cell in _weak_cells(pages.raw)])
        row = octets(field, at + pages.first * size, pages.whole)
        yield replace(row, note=note, divisible=True)


def _wear(raw: bytes, at: int, *, fold: bool) -> Iterator[Row]:
    for pages in _pages(raw, WEAR_SIZE_BYTES, lambda _: fold):
        alone = pages.first == pages.last
        field = f"page {pages.first}" if alone else f"pages {pages.first} to {pages.last}"
        writes = int.from_bytes(pages.raw, "big")
        unit = "writes" if alone else "writes each"
        wrong = f"past the {ENDURANCE_WRITES} it is good for" if writes > ENDURANCE_WRITES else ""
        raw_hex = pages.raw.hex() if alone else f"{pages.raw.hex()} * {pages.page_count}"
        where, size = at + pages.first * WEAR_SIZE_BYTES, len(pages.whole)
        yield Row(where, size, field, raw_hex, writes, unit, wrong=wrong)


def _wear_summary(raw: bytes) -> str:
    writes = [
        int.from_bytes(raw[at : at + WEAR_SIZE_BYTES], "big")
        for at in range(0, len(raw), WEAR_SIZE_BYTES)
    ]
    most = max(writes)
    if not most:
        return "no page was ever written by the program"
    written = sum(1 for count in writes if count)
    return f"{written} of {len(writes)} pages written, page {writes.index(most)} most: {most} times"
