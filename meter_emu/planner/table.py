"""The rows of a CSV file or of an XLSX workbook, with bounds on all that a file can ask for.

A workbook is an archive that may unpack to anything, and one cell in its last row and column makes
a reader reserve the whole rectangle. So the archive is measured before a library sees it.
"""

import csv
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from meter_emu.errors import ConfigError
from meter_emu.languages.speech import said
from meter_emu.nearest import hint
from meter_emu.planner.cells import SheetCell
from meter_emu.planner.plan_file import EXTRA

METERS_MAX: Final = 200_000  # ours: four times the budget meters of Wallonia in 2020
_CELLS_MAX: Final = 8_000_000  # ours: 40 columns of as many rows
_UNPACKED_MAX: Final = 1 << 28  # bytes, ours: 200,000 rows of 40 columns fit
_CHUNK: Final = 1 << 20
_SEPARATORS: Final = ";,\t"
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"  # a workbook before 2007, or one with a password
_PLACE: Final = re.compile(rb'<(?:\w+:)?c\s[^<>]*?\br="([A-Z]{1,4})(\d{1,8})"')
_TAIL: Final = 200  # ours: bytes, more than the beginning of a cell has

Table = Iterator[tuple[int, Sequence[SheetCell]]]


def table_rows(path: str, data: bytes, sheet: str | None) -> Table:
    """Yield the number of each row, from 1, and its cells; the first has the headings.

    Raise `ConfigError` for a file that is no such thing, or is too large.
    """
    if data.startswith(_ZIP):
        yield from _workbook(path, data, sheet)
    elif data.startswith(_OLE):
        why = said("is an old workbook or has a password: save it as .xlsx or CSV")
        raise ConfigError(path, "", why)
    elif sheet is not None:
        raise ConfigError(path, f"sheet {sheet!r}", said("a CSV file has no sheets: leave it out"))
    else:
        yield from _csv(path, _decoded(path, data))


def _decoded(path: str, data: bytes) -> str:
    is_wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    byte = 0
    # Windows-1252 is what a spreadsheet writes as "CSV" in Belgium.
    for code in ("utf-16",) if is_wide else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(code)
        except UnicodeDecodeError as error:
            byte = error.start
            continue
        if "\0" in text:
            raise ConfigError(path, "", said("is no sheet: expected CSV or XLSX"))
        return text
    why = said("is neither UTF-8 nor Windows-1252 text, at byte {byte}", byte=byte)
    raise ConfigError(path, "", why)


def _csv(path: str, text: str) -> Table:
    head = text.partition("\n")[0]
    mark = max(_SEPARATORS, key=Counter(head).__getitem__)
    number = 0
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        for number, cells in enumerate(reader, 1):
            _see_rows(path, number)
            yield number, cells
    except csv.Error as error:
        why = said("quotes are not closed") if "end of data" in str(error) else str(error)
        where = said("row {row}", row=str(number + 1))
        raise ConfigError(path, where, why) from None


def _see_rows(path: str, height: int) -> None:
    if height > METERS_MAX + 1:
        raise ConfigError(path, "", said("has more than {most} rows", most=METERS_MAX))


def _workbook(path: str, data: bytes, sheet: str | None) -> Table:
    _measure(path, data)
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        why = said("reading XLSX needs the extra `plan`: {extra}; or save it as CSV", extra=EXTRA)
        raise ConfigError(path, "", why) from None
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = book.sheet_names
        if sheet is None and len(names) != 1:
            why = said("has the sheets {names}: say which (sheet)", names=", ".join(names))
            raise ConfigError(path, "", why)
        name = names[0] if sheet is None else sheet
        if name not in names:
            why = said("there are {names}", names=", ".join(names)) + hint(name, names)
            raise ConfigError(path, f"sheet {name!r}", why)
        found = book.get_sheet_by_name(name)
        merged = found.merged_cell_ranges or []
    except CalamineError as error:
        raise ConfigError(path, "", _unreadable(error)) from None
    inside = {
        (row, column)
        for (top, left), (bottom, right) in merged
        if (bottom - top + 1) * (right - left + 1) <= _CELLS_MAX
        for row in range(top, min(bottom, METERS_MAX) + 1)
        for column in range(left, right + 1)
    }
    before = [""] * (found.start or (0, 0))[1]  # empty columns are left out, empty rows are not
    for number, cells in enumerate(found.iter_rows(), 1):
        row = [*before, *cells]
        yield (
            number,
            [MERGED if (number - 1, at) in inside else cell for at, cell in enumerate(row)],
        )


class _Merged:
    """A cell that is part of a larger one."""

    def __str__(self) -> str:
        return "(merged)"


MERGED: Final = _Merged()


def _measure(path: str, data: bytes) -> None:
    """Refuse an archive that is no workbook, or unpacks to more than a sheet can need."""
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise ConfigError(path, "", said("is no XLSX workbook: save it as .xlsx or CSV"))
            for entry in archive.infolist():
                is_sheet = entry.filename.startswith("xl/worksheets/")
                rows = columns = 0
                tail = b""
                with archive.open(entry) as unpacked:
                    while chunk := unpacked.read(_CHUNK):
                        total += len(chunk)
                        if total > _UNPACKED_MAX:
                            why = said("unpacks to more than {mb} MB", mb=_UNPACKED_MAX >> 20)
                            raise ConfigError(path, "", why)
                        for letters, digits in _PLACE.findall(tail + chunk) if is_sheet else ():
                            rows, columns = max(rows, int(digits)), max(columns, _column(letters))
                        tail = chunk[-_TAIL:]
                _see_rows(path, rows)
                if rows * columns > _CELLS_MAX:
                    why = said(
                        "reaches to column {column} of row {row}: remove what is far out",
                        column=columns,
                        row=rows,
                    )
                    raise ConfigError(path, "", why)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise ConfigError(path, "", _unreadable(error)) from None


def _unreadable(error: Exception) -> str:
    return said("is no workbook that can be read: {error}", error=str(error).lower())


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def letters_of(column: int) -> str:
    """Return what a spreadsheet calls a column, from 0."""
    found, left = "", column + 1
    while left:
        left, one = divmod(left - 1, 26)
        found = chr(65 + one) + found
    return found
