"""The rows of a CSV file or of an XLSX workbook, with bounds on all that a file can ask for.

A CSV file is read here, row by row. A workbook is read by a library, in a process under limits
(`foreign.room`), because it may unpack to anything and reach to any row and column.
"""

import csv
import io
import re
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import Final

from meter_emu.errors import ConfigError
from meter_emu.foreign.room import read_apart
from meter_emu.foreign.workbook import read_workbook
from meter_emu.languages.speech import said, said_of
from meter_emu.nearest import hint
from meter_emu.planner.cells import SheetCell
from meter_emu.planner.plan_file import EXTRA

METERS_MAX: Final = 200_000  # ours: four times the budget meters of Wallonia in 2020
_CELLS_MAX: Final = 8_000_000  # ours: 40 columns of as many rows
_SEPARATORS: Final = ";,\t|"
_LINES_LOOKED_AT: Final = 20  # ours: a title and some rows
# Letters with accents of code page 850, as Windows-1252 shows them.
_DOS: Final = re.compile(
    "[A-Za-z][\u201a\u0192\u201e\u2020\u2021\u02c6\u2030\u0160\u2039\u201c][a-z]"
)
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"  # a workbook before 2007, or one with a password
_TEXT_NAMES: Final = (".csv", ".tsv")  # ours: of a text by another name nothing may be shown

Table = Generator[tuple[int, Sequence[SheetCell]], None, None]


def table_rows(
    path: str, data: bytes, sheet: str | None, note: Callable[[str], object] = str
) -> Table:
    """Yield the number of each row, from 1, and its cells; say what is hidden to `note`.

    Raise `ConfigError` for a file that is no such thing, or is too large.
    """
    if data.startswith(_ZIP):
        yield from _workbook(path, data, sheet, note)
    elif data.startswith(_OLE):
        why = said("is an old workbook or has a password: save it as .xlsx or CSV")
        raise ConfigError(path, "", why)
    elif sheet is not None:
        raise ConfigError(path, f"sheet {sheet!r}", said("a CSV file has no sheets: leave it out"))
    elif not path.lower().endswith(_TEXT_NAMES):
        raise ConfigError(path, "", said("is no sheet: expected CSV or XLSX"))
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
        if code == "cp1252" and (found := _DOS.search(text)):
            why = said("has text of DOS, as in {word}: save it as UTF-8", word=repr(found[0]))
            raise ConfigError(path, "", why)
        return text
    why = said("is neither UTF-8 nor Windows-1252 text, at byte {byte}", byte=byte)
    raise ConfigError(path, "", why)


def _csv(path: str, text: str) -> Table:
    lines = text.split("\n", _LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
    mark = max(
        _SEPARATORS,
        key=lambda one: (
            sum(one in line for line in lines),
            sum(line.count(one) for line in lines),
        ),
    )
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # a cell of any column
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


def _workbook(path: str, data: bytes, sheet: str | None, note: Callable[[str], object]) -> Table:
    """Yield the rows of a sheet, which a process under limits reads."""
    where, number = "", 0
    try:
        asked = () if sheet is None else (sheet,)
        instead = (
            said("reading XLSX needs the extra `plan`: {extra}", extra=EXTRA),
            said("save it as CSV"),
        )
        with closing(read_apart(path, read_workbook, data, asked, instead=instead)) as replies:
            names, hidden = next(replies)
            where = f"sheet {_chosen(path, names, hidden, sheet)!r}"
            height, width, hidden_rows, merged_rows = next(replies)
            _see_rows(path, height)
            if hidden and sheet is None:
                words = said_of(
                    "{count} hidden sheet was not read: {names}",
                    "{count} hidden sheets were not read: {names}",
                    len(hidden),
                    names=", ".join(hidden),
                )
                note(words)
            if hidden_rows:
                words = said_of(
                    "{count} row is hidden, by hand or by a filter: it was read",
                    "{count} rows are hidden, by hand or by a filter: they were read",
                    hidden_rows,
                )
                note(words)
            if merged_rows > _CELLS_MAX:
                raise ConfigError(path, "", said("merges more cells than it has: split them"))
            if height * width > _CELLS_MAX:
                why = said(
                    "reaches to column {column} of row {row}: remove what is far out",
                    column=width,
                    row=height,
                )
                raise ConfigError(path, "", why)
            for rows in replies:
                for cells in rows:
                    number += 1
                    yield number, cells
    except ConfigError as error:
        raise ConfigError(path, error.key or where, error.why) from None


def _chosen(path: str, names: Sequence[str], hidden: Sequence[str], sheet: str | None) -> str:
    """Return the name of the sheet to read: the only one that is seen, if the plan names none."""
    seen = [one for one in names if one not in hidden]
    if not seen:
        raise ConfigError(path, "", said("has no sheet that is not hidden"))
    if sheet is None and len(seen) != 1:
        why = said("has the sheets {names}: say which (sheet)", names=", ".join(names))
        raise ConfigError(path, "", why)
    if sheet is not None and sheet not in names:
        why = said("there are {names}", names=", ".join(names)) + hint(sheet, names)
        raise ConfigError(path, f"sheet {sheet!r}", why)
    return seen[0] if sheet is None else sheet


def letters_of(column: int) -> str:
    """Return what a spreadsheet calls a column, from 0."""
    found, left = "", column + 1
    while left:
        left, one = divmod(left - 1, 26)
        found = chr(65 + one) + found
    return found
