"""The sheets of an XLSX workbook, as `room` has them read: names, the size of one, its rows.

The library gives nothing for an error and for a formula that nobody reckoned, and does not say what
is hidden. So its XML is looked at too, for these alone.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import PurePosixPath
from typing import Final
from xml.etree import ElementTree as ET
from xml.parsers import expat
from zipfile import ZipFile

from meter_emu.foreign.room import OddCell, OddKind, sent

_CELLS_TOGETHER: Final = 20_000  # ours: in one reply
_WORKBOOK: Final = "xl/workbook.xml"
_LINKS: Final = "xl/_rels/workbook.xml.rels"
_CHUNK_SIZE: Final = 1 << 20
_WORTH_A_LOOK: Final = (b"hidden", b'"e"', b"'e'", b"<f", b":f", b"\0")  # the last: no UTF-8


def read_workbook(raw_file: bytes, asked: Sequence[str]) -> Iterator[object]:
    """Yield the names of the sheets and of the hidden ones, the size of one, and its rows.

    Without a name the first sheet that is not hidden is read. Rows begin with row 1, each with
    column A, some a time. A size is rows, columns, hidden rows, and the rows of all merged cells,
    one by one.
    """
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    book = CalamineWorkbook.from_filelike(BytesIO(raw_file))
    names = book.sheet_names
    seen = [one.name for one in book.sheets_metadata if one.visible is SheetVisibleEnum.Visible]
    yield names, [one for one in names if one not in seen]
    name = asked[0] if asked else (seen or names)[0]
    hidden, odd = _looked_at(raw_file, name)
    sheet = book.get_sheet_by_name(name)
    last_row, last_column = sheet.end or (-1, -1)
    merges = [
        (range(top, min(bottom, last_row) + 1), slice(left, min(right, last_column) + 1))
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
    ]
    yield last_row + 1, last_column + 1, hidden, sum(len(rows) for rows, _ in merges)
    merged: dict[int, list[slice]] = defaultdict(list)
    for inside, columns in merges:
        for number in inside:
            merged[number].append(columns)
    part = sent(OddCell(OddKind.MERGED, "(merged)"))
    before = [""] * (sheet.start or (0, 0))[1]  # empty columns are left out, empty rows are not
    rows: list[list[object]] = []
    for number, cells in enumerate(sheet.iter_rows()):
        row = [*before, *map(sent, cells)]
        for columns in merged.get(number, ()):
            row[columns] = [part] * len(row[columns])
        for column, cell in odd.get(number, {}).items():
            row[column : column + 1] = [sent(cell)] if column < len(row) else []
        rows.append(row)
        if len(rows) * len(row) >= _CELLS_TOGETHER:
            yield rows
            rows = []
    yield rows


def _looked_at(raw_file: bytes, name: str) -> tuple[int, Mapping[int, Mapping[int, OddCell]]]:
    """Return how many rows of a sheet are hidden, and its odd cells, by row and column from 0."""
    look = _Look()
    with ZipFile(BytesIO(raw_file)) as archive:
        part, before, is_odd = _part_of(archive, name), b"", False
        with archive.open(part) as file:
            while not is_odd and (chunk := file.read(_CHUNK_SIZE)):
                is_odd = any(mark in before[-8:] + chunk for mark in _WORTH_A_LOOK)
                before = chunk
        if is_odd:
            with archive.open(part) as file:
                look.parser.ParseFile(file)
            look.end_cell()
    return look.hidden, look.odd


def _part_of(archive: ZipFile, name: str) -> str:
    """Return where the XML of a sheet is."""
    book = ET.fromstring(archive.read(_WORKBOOK))  # noqa: S314  under limits
    links = ET.fromstring(archive.read(_LINKS))  # noqa: S314  under limits
    sheets = [one for one in book.iter() if one.tag.endswith("}sheet") and one.get("name") == name]
    ids = [link for one in sheets for key, link in one.items() if key.endswith("}id")]
    for one in links:
        if one.get("Id") in ids[:1]:
            return str(PurePosixPath("/xl") / one.get("Target", ""))[1:]
    raise ValueError(f"no part of the archive has the sheet {name!r}")


class _Look:
    """Goes through the XML of a sheet."""

    def __init__(self) -> None:
        self.hidden = 0
        self.odd: dict[int, dict[int, OddCell]] = defaultdict(dict)
        self._row = self._column = -1
        self._is_hidden = self._is_formula = self._is_error = self._has_value = False
        self._text = ""
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.CharacterDataHandler = self._characters

    def _start(self, tag: str, keys: Mapping[str, str]) -> None:
        kind = tag.rpartition(":")[2]
        if kind == "c":
            self.end_cell()
            place = keys.get("r", "")
            self._column = _column_of(place) if place else self._column + 1
            self._is_error = keys.get("t") == "e"
            self.hidden += self._is_hidden  # a row with a cell
            self._is_hidden = False
        elif kind == "row":
            self.end_cell()
            self._row, self._column = int(keys.get("r", self._row + 2)) - 1, -1
            self._is_hidden = keys.get("hidden", "0") in ("1", "true")
        elif kind == "f":
            self._is_formula = True
        elif kind in ("v", "is"):
            self._has_value = True

    def _characters(self, text: str) -> None:
        if self._is_error and self._has_value:
            self._text += text

    def end_cell(self) -> None:
        """Keep the cell that ends here, if it is odd."""
        if self._is_error:
            self.odd[self._row][self._column] = OddCell(OddKind.ERROR, self._text.strip())
        elif self._is_formula and not self._has_value:
            self.odd[self._row][self._column] = OddCell(OddKind.NOT_RECKONED, "(formula)")
        self._is_formula = self._is_error = self._has_value = False
        self._text = ""


def _column_of(place: str) -> int:
    column = 0
    for letter in place.upper():
        if letter.isalpha():
            column = column * 26 + ord(letter) - 64
    return column - 1
