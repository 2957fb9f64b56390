"""Our own images as a layout file: where each field lies, as a start for a dump that is like them.

What a code or a bit means stays behind, and so do bytes that belong to nothing; a secret stays one.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from meter_emu.rows import NOT_SHOWN, Part, Row

CODEC_OF_UNIT: Final = {
    "YYMMDDhhmm": "bcd-yymmddhhmm",
    "min since 2000 UTC": "min2000-u32",
    "s since 2000 UTC": "s2000-u32",
}
_NUMBER_AT_END: Final = re.compile(r" ?\d+$")


def layout_toml(name: str, parts: Sequence[Part], size_bytes: int) -> str:
    """Return the text of a layout file for an image of these parts."""
    return "\n".join(_lines(name, parts, size_bytes)) + "\n"


def _lines(name: str, parts: Sequence[Part], size_bytes: int) -> Iterator[str]:
    yield f"name = {_text(name)}"
    yield 'source = "written by meter-emu from an image of its own"'
    yield f"size_bytes = {size_bytes}"
    for part in parts:
        rows = [row for row in part.rows if not row.divisible]
        if not rows:
            continue
        begin, end = rows[0].offset, rows[-1].offset + rows[-1].size_bytes
        yield from ("", "[[record]]", f"name = {_text(part.name)}", f"offset = {begin}")
        yield f"size = {end - begin}"
        for run in _runs(rows):
            yield from _field(run, begin)


def _runs(rows: list[Row]) -> Iterator[list[Row]]:
    """Yield the rows, those that follow each other and differ in a number alone as one."""
    run: list[Row] = []
    for row in rows:
        if run and not _goes_on(run[-1], row):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _goes_on(one: Row, other: Row) -> bool:
    """Whether a row is the next of a run: the same but for its number."""
    numbers = [_NUMBER_AT_END.search(row.field) for row in (one, other)]
    if numbers[0] is None or numbers[1] is None or one.offset + one.size_bytes != other.offset:
        return False
    if int(numbers[1][0]) != int(numbers[0][0]) + 1:
        return False
    return _shape(one) == _shape(other)


def _shape(row: Row) -> tuple[object, ...]:
    stem = _NUMBER_AT_END.sub("", row.field)
    return stem, row.size_bytes, row.unit, row.signed, type(row.value), row.raw == NOT_SHOWN


def _field(run: list[Row], begin: int) -> Iterator[str]:
    first = run[0]
    yield from ("", "[[record.field]]", f"name = {_text(_name(run))}")
    yield f"offset = {first.offset - begin}"
    yield f"size = {first.size_bytes}"
    if len(run) > 1:
        yield f"repeat = {len(run)}"
        number = _NUMBER_AT_END.search(first.field)
        assert number is not None, "a run is of numbered rows"
        if int(number[0]) != 1:
            yield f"number_from = {int(number[0])}"
    codec = CODEC_OF_UNIT.get(first.unit)
    if first.raw == NOT_SHOWN:
        yield 'kind = "secret"'
    elif codec is not None:
        yield f"codec = {_text(codec)}"
    else:
        kind = "bytes"
        if isinstance(first.value, int):
            kind = "int" if first.signed else "uint"
        yield f"kind = {_text(kind)}"
        if first.unit:
            yield f"unit = {_text(first.unit)}"
    if first.about:
        yield f"about = {_text(first.about)}"


def _name(run: list[Row]) -> str:
    return run[0].field if len(run) == 1 else _NUMBER_AT_END.sub("", run[0].field)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
