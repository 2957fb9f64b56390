"""The result as a sheet, a row a meter: to sort and to filter in a spreadsheet.

Meters are named by number alone. A text that a spreadsheet would take for a formula is text here.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from meter_emu.errors import ConfigError
from meter_emu.languages.speech import marked, said
from meter_emu.planner.answer import PlanAnswer
from meter_emu.planner.lives import CardWish
from meter_emu.planner.plan_file import EXTRA
from meter_emu.planner.table import letters_of
from meter_emu.world.meter.times import us_to_legal

_SUFFIXES: Final = (".csv", ".xlsx")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_HEADINGS: Final = (
    marked("row"), marked("meter"), marked("district"), marked("plan"), marked("card armed"),
    marked("reactivated"), marked("cut"), marked("morning after T2"), marked("at the end"),
    marked("against what was announced"),
)  # fmt: skip


def check_sheet_name(path: str) -> None:
    """Raise `ConfigError` for the name of a file that cannot be written here."""
    if not path.endswith(_SUFFIXES):
        csv_name, xlsx_name = _SUFFIXES
        why = said("expected a name that ends with {csv} or {xlsx}", csv=csv_name, xlsx=xlsx_name)
        raise ConfigError(path, "", why)
    if path.endswith(".xlsx"):
        try:
            import xlsxwriter  # noqa: F401
        except ImportError:
            why = said("writing XLSX needs the extra `plan`: {extra}; or name .csv", extra=EXTRA)
            raise ConfigError(path, "", why) from None


def sheet_of(path: str, answers: Sequence[PlanAnswer]) -> bytes:
    """Return the sheet, CSV or a workbook by the suffix of its name."""
    rows = [list(map(said, _HEADINGS)), *_rows(answers)]
    return _workbook(rows) if path.endswith(".xlsx") else _csv(rows)


def _rows(answers: Sequence[PlanAnswer]) -> Iterator[Sequence[str]]:
    for answer in answers:
        zone = answer.runner.zone
        triples = zip(answer.rows, answer.lives.visits, answer.ends, strict=True)
        for row, visits, end in triples:
            put_in = {one.what: one.put_in for one in visits if one.put_in is not None}
            armed, free = put_in.get(CardWish.ARM), put_in.get(CardWish.REACTIVATE)
            cut = None if end.cut_us is None else us_to_legal(end.cut_us, zone)
            yield (
                str(row.number),
                row.meter_id,
                row.district,
                answer.plan.name,
                *("" if one is None else f"{one:%Y-%m-%d %H:%M}" for one in (armed, free, cut)),
                said(end.morning.value),
                said(end.end.value),
                said("yes") if end.harmed else "",
            )


def _csv(lines: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    for row in lines:
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])
    return text.getvalue().encode("utf-8-sig")


def _workbook(lines: Sequence[Sequence[str]]) -> bytes:
    from datetime import datetime

    from xlsxwriter import Workbook

    data = io.BytesIO()
    book = Workbook(data, {"constant_memory": True})
    book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001  the same bytes twice
    sheet = book.add_worksheet("meters")
    sheet.freeze_panes(1, 0)
    sheet.autofilter(f"A1:{letters_of(len(_HEADINGS) - 1)}{len(lines)}")
    for number, row in enumerate(lines):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, cell)
    book.close()
    return data.getvalue()
