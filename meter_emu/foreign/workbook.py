"""The sheets of an XLSX workbook, as `room` has them read: names, the size of one, its rows."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Final

from meter_emu.foreign.room import MERGED, sent

_CELLS_TOGETHER: Final = 20_000  # ours: in one reply


def read_workbook(raw_file: bytes, asked: Sequence[str]) -> Iterator[object]:
    """Yield the names of the sheets, the size of the one asked for, and its rows, some a time.

    Without a name the first sheet is read. Rows begin with row 1, each with column A. A size is
    rows, columns, and the rows of all merged cells, one by one.
    """
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(BytesIO(raw_file))
    names = book.sheet_names
    yield names
    sheet = book.get_sheet_by_name(asked[0] if asked else names[0])
    last_row, last_column = sheet.end or (-1, -1)
    merges = [
        (range(top, min(bottom, last_row) + 1), slice(left, min(right, last_column) + 1))
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
    ]
    yield last_row + 1, last_column + 1, sum(len(rows) for rows, _ in merges)
    merged: dict[int, list[slice]] = defaultdict(list)
    for inside, columns in merges:
        for number in inside:
            merged[number].append(columns)
    before = [""] * (sheet.start or (0, 0))[1]  # empty columns are left out, empty rows are not
    rows: list[list[object]] = []
    for number, cells in enumerate(sheet.iter_rows()):
        row = [*before, *map(sent, cells)]
        for part in merged.get(number, ()):
            row[part] = [sent(MERGED)] * len(row[part])
        rows.append(row)
        if len(rows) * len(row) >= _CELLS_TOGETHER:
            yield rows
            rows = []
    yield rows
