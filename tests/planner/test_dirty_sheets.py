"""Sheets as they come: each is answered by cell or in one line, and none is run half."""

import io
import re
import sys
import unicodedata
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
SUM = f"{sum(int(row[BALANCE].replace(',', '')) for row in GOOD) / 100:.2f}".replace(".", ",")


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


def under_a_title(sheet: Any, _book: Any) -> None:
    """Write the sheet three rows lower, below a title."""
    for column, heading in enumerate(HEADINGS):
        sheet.write(0, column, "Ménages" if column == 0 else "")
        sheet.write(2, column, heading)
    for number, row in enumerate(GOOD, 3):
        for column, text in enumerate(row):
            sheet.write_string(number, column, text)
    sheet.write_row(1, 0, [""] * len(HEADINGS))


def column(place: int, of: Callable[[str], object]) -> bytes:
    """Return CSV in which a whole column is written otherwise."""
    return csv(
        rows=[[str(of(c)) if at == place else c for at, c in enumerate(row)] for row in GOOD]
    )


def day(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y")  # noqa: DTZ007


def hidden(*rows: int, **other: object) -> bytes:
    def hide(sheet: Any, _book: Any) -> None:
        for row in rows:
            sheet.set_row(row, None, None, {"hidden": True})
        if other:
            sheet.autofilter(0, 0, len(GOOD), len(HEADINGS) - 1)
            sheet.filter_column(DISTRICT, "x == Mons")

    return book(hide)


def with_a_hidden_sheet(sheet: Any, made: Any) -> None:
    made.add_worksheet("old").hide()
    sheet.activate()


SHEET_XML = "xl/worksheets/sheet1.xml"
# The last place of a sheet, in spellings that readers of XML take for one: each asks for 512 GB.
# `test_hostile_books` draws more of them.
FAR = {
    "a cell in the last place": b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
    "one in single quotes": b"<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>",
    "one with a name space": b'<x:row r="1048576"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row>',
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
    "a title above the headings": lambda: "Ménages, le 1 mars 2027\r\n\r\n".encode() + csv(),
    "a title with commas": lambda: b"Namur, Mons, Huy, Spa, Dour, Ath, Mol\r\n" + csv(),
    "a title in a workbook": lambda: book(under_a_title),
    "what tells a spreadsheet the separator": lambda: b"sep=;\r\n" + csv(),
    "bars": lambda: csv(mark="|"),
    "a heading of two lines": lambda: csv().replace(
        "N° compteur".encode(), '"N°\ncompteur"'.encode()
    ),
    "accents as two characters": lambda: unicodedata.normalize("NFD", lines()).encode(),
    "a day with a time in a workbook": lambda: book(
        lambda sheet, made: sheet.write_datetime(
            1,
            SEEN,
            datetime(2027, 2, 28, 10),  # noqa: DTZ001
            made.add_format({"num_format": "dd/mm/yyyy hh:mm"}),
        )
    ),
    "five megabytes in a column that is not read": lambda: (
        lines([[*row, "x" * 5 * ONE_MB if at == 1 else ""] for at, row in enumerate(GOOD)])
        .replace("bureau\r\n", "bureau;Note\r\n", 1)
        .encode()
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
    "a total, by its word": (
        lambda: csv() + b"Total;;999,99;0,00;;\r\n", "A8 .*'Total': is no meter's number"),
    "a total, by its amounts": (
        lambda: csv(d2="", d3="", d4="", d5="", d6="", d7="") + f";gaz;{SUM};;Mons;\r\n".encode(),
        "A8 .*a total: .*the sum of the 6 rows above"),
    "a total that counts the meters": (
        lambda: csv() + f"6 compteurs;gaz;{SUM};;Mons;\r\n".encode(),
        "A8 .*'6 compteurs': is a total: .*the sum of the 6 rows above"),
    "a total of a part": (
        lambda: csv() + b"Sous-total Mons;gaz;10,00;;Mons;\r\n", "A8 .*is no meter's number"),
    "a formula that is a total": (
        lambda: book(lambda s, _b: (
            s.write(8, METER, "Total"), s.write_formula(8, BALANCE, "=SUM(C2:C7)", None, 99))),
        "A9 .*'Total': is no meter's number"),
    "headings again": (
        lambda: csv() + (";".join(HEADINGS) + "\r\n").encode(), "A8 .*the headings again"),
    "a note below": (
        lambda: csv() + "Exporté le 01/03/2027;;;;;\r\n".encode(), "A8 .*alone in its row"),
    "a shortened number": (
        lambda: csv(a3="5,41E+11"), "A3 .*'5,41E\\+11': is a number that a spreadsheet shortened"),
    "a number shortened by a program": (
        lambda: csv(a3="5.41e+11"), "A3 .*is a number that a spreadsheet shortened"),
    "a number with a place": (
        lambda: csv(a3="541000000001.0"), "A3 .*'541000000001.0': is a number that a spreadsheet"),
    "eighteen digits as a number": (
        lambda: cell(3, METER, 541000000000000123), "A3 .*more than 15 digits"),
    "a lost zero": (lambda: csv(a3="41000000001"), "A3 .*is shorter than the others, of 12 digits"),
    "a lost zero in a workbook": (
        lambda: cell(3, METER, 41000000001), "A3 .*is shorter than the others, of 12 digits"),
    "a text by its mark": (lambda: csv(a3="'541000000009"), "A3 .*a mark of a spreadsheet"),
    "a text by a formula": (
        lambda: csv(a3='"=""541000000009"""'), "A3 .*a mark of a spreadsheet"),
    "an error in a column that may be empty": (
        lambda: book(lambda s, _b: s.write_formula(2, DEBT, "=1/0", None, "#N/A")),
        "D3 .*'#N/A': is an error of the spreadsheet"),
    "an error for a last visit": (
        lambda: book(lambda s, _b: s.write_formula(2, SEEN, "=1/0", None, "#REF!")),
        "F3 .*'#REF!': is an error of the spreadsheet"),
    "a formula without a value in a column that may be empty": (
        lambda: patched(
            SHEET_XML, lambda xml: re.sub(rb"(<f>1/0</f>)<v>[^<]*</v>", rb"\1", xml),
            book(lambda s, _b: s.write_formula(2, DEBT, "=1/0", None, 5))),
        "D3 .*a formula without a stored value"),
    "five megabytes in what is read": (
        lambda: csv(e3="x" * 5 * ONE_MB), "E3 .*at most 80"),
    "an invisible character": (lambda: csv(a3="541000000009\u200b"), "A3 .*expected a word"),
    "yes for an amount": (lambda: cell(3, BALANCE, value=True), "C3 .*'True': expected an amount"),
    "parts of a cent": (lambda: cell(3, BALANCE, 12.505), "C3 .*expected whole cents"),
    "a formula without its value": (
        lambda: book(lambda s, _b: s.write_formula(2, BALANCE, "=1/0", None, "")), "C3 .*is empty"),
    "an error for a value": (
        lambda: book(lambda s, _b: s.write_formula(2, BALANCE, "=1/0", None, "#DIV/0!")),
        "C3 .*'#DIV/0!': is an error of the spreadsheet"),
    "merged cells": (
        lambda: book(lambda s, _b: s.merge_range(1, DISTRICT, 2, DISTRICT, "Mons")),
        "E2 .*merged cell: split it"),
}  # fmt: skip
# A whole column that is written otherwise, in one line.
COLUMNS: dict[str, tuple[Callable[[], bytes], str]] = {
    "days as ISO has them": (
        lambda: column(SEEN, lambda c: f"{day(c):%Y-%m-%d}"),
        'column F .*6 cells, such as F2 .*write dates = "%Y-%m-%d" in the plan'),
    "days as ISO has them, with a time": (
        lambda: column(SEEN, lambda c: f"{day(c):%Y-%m-%dT00:00:00}"),
        'column F .*write dates = "%Y-%m-%dT%H:%M:%S" in the plan'),
    "American days": (
        lambda: column(SEEN, lambda _c: "02/28/2027"),
        'column F .*write dates = "%m/%d/%Y" in the plan'),
    "years of two digits": (
        lambda: column(SEEN, lambda c: f"{day(c):%d/%m/%y}"),
        'column F .*write dates = "%d/%m/%y" in the plan'),
    "days as a spreadsheet counts them": (
        lambda: column(SEEN, lambda _c: 46_000),
        "column F .*such as F2 '46000': are days as a spreadsheet counts them"),
    "days as numbers in a workbook": (
        lambda: book(lambda s, _b: [s.write(at, SEEN, 46_000) for at in range(1, 7)]),
        "column F .*6 cells.*format the column as a date"),
    "points for commas": (
        lambda: column(BALANCE, lambda _c: "12.5"), "column C .*6 cells.*expected an amount"),
    "a model that the plan does not know": (
        lambda: column(MODEL, lambda _c: "gas"), "column B .*6 cells, such as B2 'gas'"),
}  # fmt: skip
# What is read, and said of what is hidden in it.
NOTED: dict[str, tuple[Callable[[], bytes], str]] = {
    "hidden rows": (lambda: hidden(1, 3), "2 rows are hidden"),
    "filtered rows": (lambda: hidden(2, 4, 5, filtered=True), "3 rows are hidden"),
    "a hidden sheet": (lambda: book(with_a_hidden_sheet), "1 hidden sheet was not read: old"),
    "a title": (lambda: b"Namur\r\n" + csv(), "row 2 was taken for the headings"),
}
# What is no sheet of ours, in one line.
FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "has no row of a meter"),
    "headings alone": (lambda: csv(rows=[]), "has no row of a meter"),
    "a column that lacks": (
        lambda: csv().replace("Dette (€)".encode(), b"Dette (EUR)"),
        "no column 'Dette .€.'.*row 1 has"),
    "a heading twice": (lambda: csv(b1="District"), "no column 'Modèle'|District' twice or more"),
    "quotes not closed": (lambda: csv(e6='"Mons'), "row 6: quotes are not closed"),
    "zero bytes": (lambda: csv() + bytes(9), "is no sheet"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is no sheet|neither UTF-8"),
    "text of DOS": (
        lambda: lines(e3="Liège").replace("€", "EUR").encode("cp850"), "text of DOS, as in "),
    "a workbook of another office": (
        lambda: patched("mimetype", lambda _old: b"application/vnd.oasis.opendocument.spreadsheet"
            ).replace(b"xl/workbook.xml", b"xl/workbork.xml"),
        "cannot be read: |has no sheet that is not hidden"),
    "headings over two rows": (
        lambda: book(lambda s, _b: s.merge_range(0, METER, 0, MODEL, "Compteur")),
        "no column 'N° compteur': row 1 has"),
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


def read(folder: Path, data: bytes, decimal: str = ",", meter_numbers: str = "") -> MeterSheet:
    plan = town(folder, 1)
    (folder / "meters.csv").write_bytes(data)
    keys = f'decimal = "{decimal}"'
    if meter_numbers:
        keys += f'\nmeter_numbers = "{meter_numbers}"'
    plan.write_text(plan.read_text("utf-8").replace('decimal = ","', keys), "utf-8")
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


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_that_is_written_otherwise_is_one_line(tmp_path, name):
    make, words = COLUMNS[name]
    (said,) = (one.in_words for one in read(tmp_path, make()).mistakes)
    assert re.match(words, said), said


@pytest.mark.parametrize("name", NOTED)
def test_what_is_hidden_is_read_and_said(tmp_path, name):
    make, words = NOTED[name]
    sheet = read(tmp_path, make())
    assert (len(sheet.rows), sheet.mistakes) == (len(GOOD), [])
    assert any(words in one for one in sheet.notes), sheet.notes


@pytest.mark.parametrize(("number", "right"), [
    ("5412345000013", True), ("5412345000031", False), ("541448860000000011", True),
    ("541448860000000017", False), ("541", False),
])  # fmt: skip
def test_a_check_digit_is_asked_for_by_a_key(tmp_path, number, right):
    sheet = read(tmp_path, csv(rows=[[number, *GOOD[0][1:]]]), meter_numbers="gs1")
    assert [row.meter_id for row in sheet.rows] == [number] * right
    assert right or "check digit" in sheet.mistakes[0].in_words


def test_numbers_of_two_lengths_are_right_where_the_plan_says_so(tmp_path):
    sheet = read(tmp_path, csv(a3="41000000001"), meter_numbers="any")
    assert (len(sheet.rows), sheet.mistakes) == (6, [])


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
