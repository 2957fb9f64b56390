"""Explains the bytes of a card's image around its records: of a card of files, and of a chip.

A family's records are explained by its own view and placed here at their offset. The card need not
be valid: every byte is in one row. Keys and PIN are only said to be present.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, unique
from typing import Any, Final, NamedTuple, final

from card_protocol.card.files import Access, FileSpec
from card_protocol.card.image import KEY_TRIES_MAX, PIN_TRIES_MAX, CardImage, LifeCycle
from card_protocol.card.sle4442 import (
    CODE_AT,
    COUNTER_AT,
    CRC_AT,
    MAIN_AT,
    PROTECTION_AT,
    MemoryImage,
)
from card_protocol.layout import Layout
from meter_emu.rows import (
    Meaning,
    MeaningOf,
    Part,
    Row,
    moved,
    named,
    number,
    octets,
    rows_of,
    secret,
    text,
    zero,
)

LIFE_CYCLES: Final = {stage.value: stage.name.lower().replace("_", " ") for stage in LifeCycle}
# Offsets in an image file, as in card_protocol/card/image.py; a test adds the sizes up.
_TABLE_AT: Final = 0x44
_TABLE_ROW: Final = 9
_HEADER_SIZE_BYTES: Final = 4  # H1 to H4 of a chip's ATR, data sheet 07.95, 2.8
_OURS_AT: Final = 32  # below is the chip's own (data sheet 07.95, figure 12)


@final
@unique
class Seal(Enum):
    """The result of checking a record's MAC."""

    OK = "ok"
    WRONG = "wrong"
    EMPTY = "empty"  # a file nobody has written yet
    UNCHECKED = "unchecked"  # no identity to check it with, or no record at all


@final
@dataclass(frozen=True, slots=True)
class RecordView:
    """One record explained, and its place on the card; `wrong` is a fault across its fields."""

    name: str
    place: str
    size_bytes: int
    seal: Seal
    rows: tuple[Row, ...]
    wrong: tuple[str, ...]


def part_of(view: RecordView, at: int) -> Part:
    """Return a record as the part of an image at offset `at`."""
    return Part(view.name, at, moved(view.rows, at), f"MAC {view.seal.value}", view.wrong)


def never_written(
    layout: Layout[Any], raw: bytes, tells: Mapping[str, MeaningOf]
) -> tuple[Row, ...]:
    """Return the fields of a missing record, so that it compares with a written one."""
    return tuple(
        replace(row, value=row.raw, unit="", note="never written", wrong="")
        for row in rows_of(layout, raw, tells)
    )


class PlacedFile(NamedTuple):
    """A file of a card, its contents, and its offset in the image."""

    spec: FileSpec
    raw: bytes
    at: int


def files_in(image: CardImage) -> Iterator[PlacedFile]:
    """Yield the files of an image in their order."""
    at = _TABLE_AT + _TABLE_ROW * len(image.tree.specs)
    for spec, raw in zip(image.tree.specs, image.contents, strict=True):
        yield PlacedFile(spec, raw, at)
        at += spec.size_bytes


def file_card_parts(image: CardImage, known: Mapping[int, Part]) -> tuple[Part, ...]:
    """Return every byte of a card of files, in order; `known` are its files' parts by offset.

    The parts of two images with the same files have the same offsets, whatever they hold.
    """
    raw = image.to_bytes()
    table = tuple(_file_row(raw, index, spec) for index, spec in enumerate(image.tree.specs))
    parts = [Part("card", 0, tuple(_head(raw))), Part("files", _TABLE_AT, table)]
    for spec, content, at in files_in(image):
        plain = replace(octets("content", at, content), divisible=True)
        other = Part(f"file {spec.fid:04X}", at, (plain,), "no record of a family that we know")
        parts.append(known.get(at, other))
    return (*parts, _end(raw, parts[-1].offset + parts[-1].size_bytes))


def chip_parts(image: MemoryImage, known: Iterable[Part]) -> tuple[Part, ...]:
    """Return every byte of a memory card, in order; `known` are the parts of its main memory."""
    raw = image.to_bytes()
    parts = [Part("card", 0, tuple(_chip_head(raw))), Part("chip", MAIN_AT, tuple(_chip(raw)))]
    parts += known
    parts.append(Part("protection memory", PROTECTION_AT, (_protection(raw),)))
    parts.append(Part("security memory", COUNTER_AT, tuple(_security(raw))))
    return (*parts, _end(raw, CRC_AT))


def _end(raw: bytes, at: int) -> Part:
    return Part(
        "end", at, (replace(octets("crc", at, raw[at:]), about="CRC-32 of everything before it"),)
    )


def _head(raw: bytes) -> Iterator[Row]:
    yield octets("magic", 0, raw[:2], explain=text)
    yield number("version", 2, raw[2:3])
    yield number("life_cycle", 3, raw[3:4], explain=named(LIFE_CYCLES))
    yield number("image_size", 4, raw[4:8], "bytes")
    yield number("file_count", 8, raw[8:9], "files")
    for at, who, most in ((9, "pin", PIN_TRIES_MAX), (10, "meter", KEY_TRIES_MAX),
                          (11, "desk", KEY_TRIES_MAX)):  # fmt: skip
        yield number(f"{who}_tries_left", at, raw[at : at + 1], f"of {most}")
    yield secret("pin", 12, raw[12:20])
    for at, who in ((20, "meter"), (36, "desk"), (52, "card")):
        yield secret(f"{who}_key", at, raw[at : at + 16])


def _file_row(raw: bytes, index: int, spec: FileSpec) -> Row:
    at = _TABLE_AT + _TABLE_ROW * index
    note = (
        f"DF {spec.df:04X}, EF {spec.fid:04X}, short {spec.sfi}, {spec.size_bytes} bytes,"
        f" read {_rule(spec.read)}, update {_rule(spec.update)}"
    )
    return octets(f"file[{index}]", at, raw[at : at + _TABLE_ROW], explain=lambda _: Meaning(note))


def _rule(rule: Access) -> str:
    return rule.name.lower().replace("_", " ")


def _chip_head(raw: bytes) -> Iterator[Row]:
    yield octets("magic", 0, raw[:2], explain=text)
    yield number("version", 2, raw[2:3])
    yield number("pad", 3, raw[3:4], explain=zero)


def _chip(raw: bytes) -> Iterator[Row]:
    """Yield the bytes below our first one: the chip's own, where we never write."""
    end = MAIN_AT + _HEADER_SIZE_BYTES
    yield replace(
        octets("atr_header", MAIN_AT, raw[MAIN_AT:end]), about="without it no reader knows the card"
    )
    rest = octets("manufacturer", end, raw[end : MAIN_AT + _OURS_AT])
    yield replace(rest, about="the chip's own, not used", divisible=True)


def _protection(raw: bytes) -> Row:
    cells = raw[PROTECTION_AT:COUNTER_AT]
    shut = [at for at in range(8 * len(cells)) if not cells[at // 8] >> at % 8 & 1]
    note = f"protected for good: {_ranges(shut)}" if shut else "nothing is protected"
    return octets("protection", PROTECTION_AT, cells, "bits", lambda _: Meaning(note))


def _ranges(numbers: list[int]) -> str:
    """Return ascending numbers as `0-3, 6`."""
    found: list[list[int]] = []
    for one in numbers:
        if found and one == found[-1][-1] + 1:
            found[-1].append(one)
        else:
            found.append([one])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in found)


def _security(raw: bytes) -> Iterator[Row]:
    yield number("error_counter", COUNTER_AT, raw[COUNTER_AT:CODE_AT], "bits", _tries)
    yield secret("code", CODE_AT, raw[CODE_AT:CRC_AT])


def _tries(counter: int) -> Meaning:
    left = counter.bit_count()
    return Meaning(f"tries left: {left}", "" if left else "blocked: nobody writes on it any more")
