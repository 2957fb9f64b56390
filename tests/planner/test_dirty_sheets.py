"""Sheets as they come: each is answered by cell or in one line, and none is run half."""

import io
import re
import sys
import zipfile
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from meter_emu.errors import ConfigError
from meter_emu.planner import table
from meter_emu.planner.plan_file import load_plan
from meter_emu.planner.sheet import MeterSheet, read_sheet
from meter_emu.planner.sheet_out import check_sheet_name
from tests.planner.sheets import HEADINGS, rows_of, town

GOOD = rows_of(6)
METER, MODEL, BALANCE, DEBT, DISTRICT, SEEN = range(6)
ONE_MB = 1 << 20


def lines(rows: list[list[str]] = GOOD, mark: str = ";", ends: str = "\r\n", **cells: str) -> str:
    """Return CSV text; `b3="x"` is what is in a cell."""
    rows = [[*HEADINGS], *([*row] for row in rows)]
    for place, text in cells.items():
        rows[int(place[1:]) - 1][ord(place[0]) - ord("a")] = text
    return ends.join(mark.join(row) for row in rows) + ends


def csv(code: str = "utf-8", **keys: Any) -> bytes:
    return lines(**keys).encode(code)


def book(change: Callable[[Any, Any], object] = lambda _s, _b: None, **options: Any) -> bytes:
    """Return a workbook of typed cells, after a change to its sheet."""
    data = io.BytesIO()
    made = xlsxwriter.Workbook(data, {"in_memory": True, **options})
    sheet, days = made.add_worksheet("meters"), made.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write_row(0, 0, HEADINGS)
    for number, row in enumerate(GOOD, 1):
        sheet.write_row(number, 0, row[:BALANCE])
        for place in (BALANCE, DEBT):
            sheet.write_number(number, place, float(row[place].replace(",", ".")))
        sheet.write(number, DISTRICT, row[DISTRICT])
        seen = datetime.strptime(row[SEEN], "%d/%m/%Y")  # noqa: DTZ007
        sheet.write_datetime(number, SEEN, seen, days)
    change(sheet, made)
    made.close()
    return data.getvalue()


def cell(row: int, column: int, value: object) -> bytes:
    return book(lambda sheet, _book: sheet.write(row - 1, column, value))


def patched(name: str, change: Callable[[bytes], bytes], data: bytes | None = None) -> bytes:
    """Return a workbook with one of its parts changed; the part is made if it is not there."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data or book())) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.namelist():
            new.writestr(entry, change(old.read(entry)) if entry == name else old.read(entry))
        if name not in old.namelist():
            new.writestr(name, change(b""))
    return out.getvalue()


def elsewhere(row: bytes) -> bytes:
    """Return a workbook whose sheet lies in another folder."""
    data = with_row(row + b"</sheetData>")
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.namelist():
            text = old.read(entry).replace(b"worksheets/sheet1.xml", b"pages/a.xml")
            new.writestr(entry.replace("worksheets/sheet1.xml", "pages/a.xml"), text)
    return out.getvalue()


SHEET_XML = "xl/worksheets/sheet1.xml"
# The last place of a sheet, in spellings that readers of XML take for one: each asks for 512 GB.
FAR = {
    "a cell in the last place": b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
    "one in single quotes": b"<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>",
    "one in lower case": b'<row r="1048576"><c r="xfd1048576"><v>1</v></c></row>',
    "one after blanks": b'<row r="1048576"><c\n r = "XFD1048576"><v>1</v></c></row>',
    "one with a name space": b'<x:row r="1048576"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row>',
    "one after its style": b'<row r="1048576"><c s="0" t="n" r="XFD1048576"><v>1</v></c></row>',
}
TOO_MUCH = "takes more than 1,024 MB of memory to read"
LOW = b'<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>'
WIDE = b'<row r="199000"><c r="AZ199000"><v>1</v></c></row></sheetData>'
MERGES = b"".join(b'<mergeCell ref="A1:XFD200000"/>' for _ in range(400))
LINES = b'<row r="190000"><c r="A190000"><v>1</v></c></row>'
STRINGS_XML, SPACE = (
    "xl/sharedStrings.xml",
    b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
)
COUNTED = b'<sst xmlns="%s" uniqueCount="2000000000"><si><t>x</t></si></sst>'


def with_row(xml: bytes) -> bytes:
    return patched(SHEET_XML, lambda text: text.replace(b"</sheetData>", xml))


# What is right, however it is written.
RIGHT: dict[str, Callable[[], bytes]] = {
    "semicolons": csv,
    "commas": lambda: csv(mark=",", rows=[[c.replace(",", ".") for c in row] for row in GOOD]),
    "tabs": lambda: csv(mark="\t"),
    "UTF-8 with its mark": lambda: csv("utf-8-sig"),
    "Windows-1252": lambda: csv("cp1252"),
    "UTF-16": lambda: csv("utf-16"),
    "line ends of Unix": lambda: csv(ends="\n"),
    "line ends of an old Macintosh": lambda: csv(ends="\r"),
    "quotes": lambda: csv(e2='"Mons; centre"'),
    "a line break in quotes": lambda: csv(e2='"Mons\ncentre"'),
    "no line end at the end": lambda: csv()[:-2],
    "empty rows": lambda: csv() + b"\r\n;;;;;\r\n",
    "empty rows on top": lambda: b"\r\n;;;;;\r\n" + csv(),
    "empty columns after the last": lambda: csv().replace(b"\r\n", b";;\r\n"),
    "blanks around headings": lambda: csv().replace(b"District", b" District  "),
    "thousands with a point": lambda: csv(c2="1.250,50"),
    "thousands with a blank": lambda: csv(c2="1 250,50"),
    "thousands with a narrow blank": lambda: csv(c2="1\u202f250,50"),
    "thousands with an apostrophe": lambda: csv(c2="1'250,50"),
    "the sign of euro": lambda: csv(c2="€ 12,50", c3="12,50 €"),
    "a minus of typesetters": lambda: csv(c2="\u221212,50"),
    "an amount without cents": lambda: csv(c2="12"),
    "days of one digit": lambda: csv(f2="1/2/2027"),
    "never seen": lambda: csv(f2=""),
    "no debt": lambda: csv(d2=""),
    "a workbook": book,
    "a workbook of 1904": lambda: book(date_1904=True),
    "meters as numbers": lambda: cell(2, METER, 541000000000),
    "amounts as text": lambda: cell(2, BALANCE, "12,50"),
    "a bomb that nobody opens": lambda: patched("xl/media/x.bin", lambda _old: bytes(99 * ONE_MB)),
    "macros": lambda: patched("xl/vbaProject.bin", lambda _old: b"\xd0\xcf\x11\xe0" + bytes(999)),
    "a formula with its value": lambda: book(
        lambda sheet, _book: sheet.write_formula(1, BALANCE, "=5+7", None, 12)
    ),
}
# A mistake, and the cell that says so.
CELLS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a point for a comma": (lambda: csv(c3="12.5"), "C3 .*'12.5': expected an amount with ','"),
    "two commas": (lambda: csv(c3="12,5,0"), "C3 .*expected an amount"),
    "three places": (lambda: csv(c3="12,505"), "C3 .*expected an amount"),
    "a word for an amount": (lambda: csv(c3="n/a"), "C3 .*'n/a': expected an amount"),
    "no amount": (lambda: csv(c3=""), "C3 .*is empty"),
    "another currency": (lambda: csv(c3="12,50 $"), "C3 .*expected an amount"),
    "too much": (lambda: csv(c3="1000000"), "C3 .*at most 99999"),
    "bad thousands": (lambda: csv(c3="12.50,00"), "C3 .*expected an amount"),
    "a formula as text": (lambda: csv(c3="=5+7"), "C3 .*'=5\\+7': expected an amount"),
    "no such day": (lambda: csv(f3="31/02/2027"), "F3 .*there is no such day"),
    "the American day": (lambda: csv(f3="02/28/2027"), "F3 .*there is no such day"),
    "another order": (lambda: csv(f3="2027-02-28"), "F3 .*expected a day as 01/03/2027"),
    "a day to come": (lambda: csv(f3="02/03/2027"), "F3 .*is after 1 March 2027"),
    "a word for a day": (lambda: csv(f3="hier"), "F3 .*expected a day"),
    "no meter": (lambda: csv(a3=""), "A3 .*is empty"),
    "a meter twice": (lambda: csv(a3=GOOD[0][0]), "A3 .*is in row 2 too"),
    "an unknown model": (lambda: csv(b3="gas"), "B3 .*'gas': expected one of .*'gaz'"),
    "no model": (lambda: csv(b3=""), "B3 .*is empty"),
    "no district": (lambda: csv(e3=""), "E3 .*is empty"),
    "a cell too many": (
        lambda: csv(f3=f"{GOOD[1][SEEN]};more"), "G3 .no heading.: 'more': is beyond"),
    "a row that ends early": (lambda: csv(b3="gaz\r\nx"), "C3 .*is empty"),
    "a steering character": (lambda: csv(e3="Mons\x1b[2J"), "E3 .*expected a word"),
    "a word without end": (lambda: csv(e3="x" * 9_999), "E3 .*at most 80"),
    "a day as a number": (lambda: cell(3, SEEN, 46_000), "F3 .*format the column as a date"),
    "a day with a time": (
        lambda: cell(3, SEEN, "28/02/2027 10:00"), "F3 .*expected a day as"),
    "yes for an amount": (lambda: cell(3, BALANCE, value=True), "C3 .*'True': expected an amount"),
    "parts of a cent": (lambda: cell(3, BALANCE, 12.505), "C3 .*expected whole cents"),
    "a formula without its value": (
        lambda: book(lambda s, _b: s.write_formula(2, BALANCE, "=1/0", None, "")), "C3 .*is empty"),
    "an error for a value": (
        lambda: book(lambda s, _b: s.write_formula(2, BALANCE, "=1/0", None, "#DIV/0!")),
        "C3 .*is empty"),
    "merged cells": (
        lambda: book(lambda s, _b: s.merge_range(1, DISTRICT, 2, DISTRICT, "Mons")),
        "E2 .*merged cell: split it"),
}  # fmt: skip
# What is no sheet of ours, in one line.
FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "has no row of a meter"),
    "headings alone": (lambda: csv(rows=[]), "has no row of a meter"),
    "a column that lacks": (
        lambda: csv().replace("Dette (€)".encode(), b"Dette (EUR)"),
        "no column 'Dette .€.'.*it has"),
    "a heading twice": (lambda: csv(b1="District"), "no column 'Modèle'|District' twice or more"),
    "quotes not closed": (lambda: csv(e6='"Mons'), "row 6: quotes are not closed"),
    "zero bytes": (lambda: csv() + bytes(9), "is no sheet"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is no sheet|neither UTF-8"),
    "an old workbook": (lambda: b"\xd0\xcf\x11\xe0" + bytes(999), "is an old workbook"),
    "half a workbook": (lambda: book()[:3_000], "cannot be read: "),
    "another archive": (
        lambda: patched("x", lambda _old: b"").replace(b"workbook.xml", b"workbork.xml"),
        "cannot be read: "),
    "a changed byte": (
        lambda: patched(SHEET_XML, lambda text: text.replace(b"<sheetData>", b"<sheetD")),
        "cannot be read: |has no row"),
    "two sheets": (
        lambda: book(lambda _s, b: b.add_worksheet("more")), "has the sheets meters, more"),
    **{name: (partial(with_row, row + b"</sheetData>"), TOO_MUCH) for name, row in FAR.items()},
    "one in a sheet that lies elsewhere": (
        lambda: elsewhere(FAR["one in single quotes"]), TOO_MUCH),
    "merges that are little each": (
        lambda: with_row(LINES + b"</sheetData><mergeCells>" + MERGES + b"</mergeCells>"),
        "merges more cells"),
    "strings by their number": (
        lambda: patched(STRINGS_XML, lambda _old: COUNTED % SPACE), TOO_MUCH),
    "a million rows": (lambda: with_row(LOW), "has more than 200,000 rows"),
    "a cell far to the right": (lambda: with_row(WIDE), "reaches to column 52 of row 199,000"),
    "more rows than a plan takes": (
        lambda: b"a;b\r\n" * 200_003, "no column|has more than 200,000 rows"),
}  # fmt: skip


def read(folder: Path, data: bytes, decimal: str = ",") -> MeterSheet:
    plan = town(folder, 1)
    (folder / "meters.csv").write_bytes(data)
    if decimal != ",":
        plan.write_text(plan.read_text("utf-8").replace('decimal = ","', f'decimal = "{decimal}"'))
    return read_sheet(plan, load_plan(plan))


def test_there_are_sixty() -> None:
    assert len(RIGHT) + len(CELLS) + len(FILES) >= 60


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_read_however_it_is_written(tmp_path, name):
    sheet = read(tmp_path, RIGHT[name](), "." if name == "commas" else ",")
    assert sheet.mistakes == []
    assert len(sheet.rows) == len(GOOD)
    models = {"électrique A": "electricity-pcf8563-utc", "électrique B": "electricity-ds3231-utc"}
    for row, good in zip(sheet.rows[2:], GOOD[2:], strict=True):  # what is changed is above
        cents = [int(good[at].replace(",", "")) for at in (BALANCE, DEBT)]
        assert row.meter_id == good[METER]
        assert row.balance_cents == cents[0] - cents[1]
        assert row.model == models.get(good[MODEL], "gas-pcf8563-battery")
        assert f"{row.last_visit:%d/%m/%Y}" == good[SEEN]


@pytest.mark.parametrize("name", CELLS)
def test_a_mistake_is_named_by_its_cell_and_what_is_wanted(tmp_path, name):
    make, words = CELLS[name]
    sheet = read(tmp_path, make())
    said = [one.in_words for one in sheet.mistakes]
    assert any(re.match(f"cell {words}", one) for one in said), said
    assert not {row.number for row in sheet.rows} & {int(one.cell[1:]) for one in sheet.mistakes}


@pytest.mark.slow("makes archives of hundreds of megabytes")
@pytest.mark.parametrize("name", FILES)
def test_what_is_no_sheet_is_refused_in_one_line(tmp_path, name):
    make, words = FILES[name]
    with pytest.raises(ConfigError, match=words) as refused:
        read(tmp_path, make())
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


def test_without_the_extra_a_workbook_is_refused_in_one_line_and_csv_is_read(monkeypatch, tmp_path):
    workbook = book()
    (tmp_path / "python_calamine.py").write_text("raise ImportError")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(ConfigError, match=r"reading XLSX needs the extra `plan`: .*save it as CSV"):
        read(tmp_path, workbook)
    with pytest.raises(ConfigError, match=r"writing XLSX needs the extra `plan`: .*or name .csv"):
        check_sheet_name("result.xlsx")
    assert len(read(tmp_path, csv()).rows) == len(GOOD)
    check_sheet_name("result.csv")


def test_all_mistakes_come_at_once(tmp_path):
    sheet = read(tmp_path, csv(a3="", b4="gas", c5="x", f6="30/02/2027", e7=""))
    assert [one.cell for one in sheet.mistakes] == ["A3", "B4", "C5", "F6", "E7"]
    assert [row.number for row in sheet.rows] == [2]


def test_as_many_rows_as_a_plan_takes_are_read_and_one_more_is_not(monkeypatch, tmp_path):
    monkeypatch.setattr(table, "METERS_MAX", 6)
    assert len(read(tmp_path, csv()).rows) == 6
    with pytest.raises(ConfigError, match="has more than 6 rows"):
        read(tmp_path, csv(rows=rows_of(7)))


def test_columns_are_called_as_a_spreadsheet_calls_them():
    assert [table.letters_of(at) for at in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
