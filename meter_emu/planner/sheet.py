"""The operator's sheet: each row a meter, each mistake by its cell, all of them at once."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, dropwhile, islice
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar, final

from meter_emu.errors import ConfigError
from meter_emu.foreign.room import OddCell, OddKind
from meter_emu.languages.speech import marked, said, said_of
from meter_emu.nearest import hint
from meter_emu.planner.cells import (
    CellError,
    SheetCell,
    cents_in,
    day_in,
    meter_number,
    text_of,
    word_of,
)
from meter_emu.planner.columns import SheetMistake, short_numbers, told_by_column
from meter_emu.planner.plan_file import RawColumn, RawPlanFile
from meter_emu.planner.table import letters_of, table_rows
from meter_emu.resources import find, read_file
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.model import MeterModel, load_model

NO_DISTRICT: Final = ""
TITLE_MAX: Final = 20  # ours: rows among which the headings are
_SUMMED_MIN: Final = 3  # ours: rows of which a total is the sum
_ODD: Final = MappingProxyType({
    OddKind.MERGED: marked("is part of a merged cell: split it"),
    OddKind.ERROR: marked("is an error of the spreadsheet: put it right there"),
    OddKind.NOT_RECKONED: marked(
        "is a formula without a stored value: open the sheet in a spreadsheet, and save it again"
    ),
})  # fmt: skip
_Read = TypeVar("_Read")


class SheetRow(NamedTuple):
    """A meter as its row has it; `number` is the row's."""

    number: int
    meter_id: str
    model: str
    balance_cents: int
    district: str
    last_visit: date | None


@final
@dataclass(slots=True, kw_only=True)
class MeterSheet:
    """What was read: the rows, the mistakes, and which column was taken for what."""

    path: str
    sha256: str
    rows: list[SheetRow] = field(default_factory=list)
    mistakes: list[SheetMistake] = field(default_factory=list)
    read_as: dict[str, tuple[str, str]] = field(default_factory=dict)
    empty_rows: int = 0
    notes: list[str] = field(default_factory=list)  # what is hidden, or was passed over
    models: dict[str, MeterModel] = field(default_factory=dict)

    @property
    def districts(self) -> list[str]:
        """The districts in alphabetical order."""
        return sorted({row.district for row in self.rows})


def read_sheet(path: Path, raw_plan: RawPlanFile) -> MeterSheet:
    """Return the sheet of the plan in file `path`, with its mistakes.

    Raise `ConfigError` for a file that is no sheet, or lacks a column that the plan names.
    """
    file = path.parent / raw_plan.sheet.file
    try:
        data = read_file(file)
    except OSError as error:
        why = said("cannot be read: {error}", error=error.strerror or "")
        raise ConfigError(str(path), f"sheet: file: {raw_plan.sheet.file}", why) from None
    sheet = MeterSheet(path=str(file), sha256=hashlib.sha256(data).hexdigest())
    with closing(table_rows(str(file), data, raw_plan.sheet.sheet, sheet.notes.append)) as table:
        rows = dropwhile(lambda row: not any(map(text_of, row[1])), table)
        above = list(islice(rows, TITLE_MAX))
        known = raw_plan.sheet.columns.headings
        texts = [list(map(text_of, cells)) for _, cells in above]
        at = max(range(len(texts)), key=lambda at: len(known & set(texts[at])), default=0)
        if above:
            number = above[at][0]
            if at:
                sheet.notes.append(said("row {row} was taken for the headings", row=str(number)))
            reader = _RowReader(path, raw_plan, sheet, number, texts[at])
            for number, cells in chain(above[at + 1 :], rows):
                if any(map(text_of, cells)):
                    reader.read(number, cells)
                else:
                    sheet.empty_rows += 1
            reader.end()
    if not (sheet.rows or sheet.mistakes):
        raise ConfigError(str(file), "", said("has no row of a meter below its headings"))
    return sheet


class _Taken(NamedTuple):
    """Where the cells of a key are: a column with its words, or one text for all rows."""

    place: int | None
    words: Mapping[str, str]
    all: str


@final
class _RowReader:
    """Reads the rows below the headings into a sheet."""

    def __init__(
        self,
        path: Path,
        raw_plan: RawPlanFile,
        sheet: MeterSheet,
        number: int,
        headings: Sequence[str],
    ) -> None:
        self._path: Final = path
        self._raw: Final = raw_plan.sheet
        self._sheet: Final = sheet
        self._number: Final = number
        self._headings: Final = headings
        self._seen: Final[dict[str, int]] = {}
        columns = raw_plan.sheet.columns
        self._taken: Final = {
            key: self._take(key, getattr(columns, key)) for key in columns.__struct_fields__
        }
        self._sums = [0, 0]  # in cents, of all rows, and of those since a total
        if name := self._taken["model"].all:
            self._load(name)

    def _take(self, key: str, column: str | RawColumn | None) -> _Taken:
        if column is None:
            return _Taken(None, {}, NO_DISTRICT)
        raw = RawColumn(column=column) if isinstance(column, str) else column
        if (raw.column is None) == (raw.all is None):
            why = said("expected column or all")
            raise ConfigError(str(self._path), f"sheet: columns: {key}", why)
        place = None if raw.column is None else self._place(key, text_of(raw.column))
        return _Taken(place, raw.values, raw.all or NO_DISTRICT)

    def _place(self, key: str, heading: str) -> int:
        """Return which column it is, from 0."""
        found = [at for at, one in enumerate(self._headings) if one == heading]
        if len(found) != 1:
            known = [one for one in self._headings if one]
            missing, has = repr(heading), ", ".join(known)
            words = marked("has no column {heading}: row {row} has {known}")
            why = said(words, heading=missing, row=str(self._number), known=has)
            why += hint(heading, known)
            if found:
                why = said("has the column {heading} twice or more", heading=missing)
            raise ConfigError(self._sheet.path, f"sheet: columns: {key}", why)
        self._sheet.read_as[key] = letters_of(found[0]), heading
        return found[0]

    def read(self, number: int, found: Sequence[SheetCell]) -> None:
        """Take in one row, or its mistakes."""
        raw, before = self._raw, len(self._sheet.mistakes)
        place = self._taken["meter_id"].place
        assert place is not None, "a plan names its column"
        if why := self._no_meter(found, place):
            self._wrong(number, place, found[place] if place < len(found) else "", why)
            return

        def at(key: str, read: Callable[[SheetCell], _Read], missing: _Read) -> _Read:
            place = self._taken[key].place
            if place is None:
                return missing
            cell = found[place] if place < len(found) else ""
            try:
                if isinstance(cell, OddCell):
                    raise CellError(said(_ODD[cell.kind]))
                return read(cell)
            except CellError as error:
                self._wrong(number, place, cell, str(error))
                return missing

        def word(key: str, read: Callable[[str], str] = str) -> str:
            taken = self._taken[key]
            return at(key, lambda cell: read(word_of(cell, taken.words)), taken.all)

        meter_id = at("meter_id", self._new_meter(number), "")
        model = word("model", self._model)
        balance = at("balance", lambda cell: cents_in(cell, raw.decimal), 0)
        debt = at("debt", lambda cell: cents_in(cell, raw.decimal) if text_of(cell) else 0, 0)
        district = word("district")
        last_visit = at("last_visit", lambda cell: day_in(cell, raw.dates, raw.as_of), None)
        for place in range(len(self._headings), len(found)):
            if text_of(found[place]):
                self._wrong(number, place, found[place], said("is beyond the last heading"))
        if len(self._sheet.mistakes) == before:
            self._sheet.rows.append(
                SheetRow(number, meter_id, model, balance - debt, district, last_visit)
            )
            self._sums = [one + balance for one in self._sums]

    def _no_meter(self, found: Sequence[SheetCell], place: int) -> str:
        """Return why a row is none of a meter, or nothing."""

        def text(key: str) -> str:
            at = self._taken[key].place
            return text_of(found[at]) if at is not None and at < len(found) else ""

        meter_id, balance = text("meter_id"), text("balance")
        if meter_id == self._headings[place]:
            return said("is the headings again, and no meter: remove the row")
        if (
            meter_id
            and not balance
            and not any(map(text_of, (*found[:place], *found[place + 1 :])))
        ):
            return said("is alone in its row, and no meter: remove the row")
        if text("last_visit") or len(self._sheet.rows) < _SUMMED_MIN:
            return ""
        try:
            cents = cents_in(found[self._taken["balance"].place or 0], self._raw.decimal)
        except (CellError, IndexError):
            return ""
        if not cents or cents not in self._sums:
            return ""
        self._sums[1] = 0
        return said_of(
            "is a total: its credit is the sum of the {count} row above; remove the row",
            "is a total: its credit is the sum of the {count} rows above; remove the row",
            len(self._sheet.rows),
        )

    def end(self) -> None:
        """See each column as a whole, when all rows are read."""
        sheet, place = self._sheet, self._taken["meter_id"].place
        if self._raw.meter_numbers is None and place is not None:
            digits, short = short_numbers(self._seen)
            for meter_id in short:
                words = marked(
                    "is shorter than the others, of {most} digits: a spreadsheet drops zeros in "
                    "front; keep the column as text, or write {key} in the plan"
                )
                why = said(words, most=digits, key='meter_numbers = "any"')
                self._wrong(self._seen[meter_id], place, meter_id, why)
            sheet.rows = [row for row in sheet.rows if row.meter_id not in short]
        seen = sum(row.last_visit is not None for row in sheet.rows)
        days = self._taken["last_visit"].place
        sheet.mistakes = told_by_column(sheet.mistakes, len(sheet.rows), days, seen)

    def _wrong(self, number: int, place: int, cell: SheetCell, why: str) -> None:
        has_heading = place < len(self._headings)
        heading = self._headings[place] if has_heading else said("no heading")
        self._sheet.mistakes.append(SheetMistake(number, place, heading, text_of(cell), why))

    def _new_meter(self, number: int) -> Callable[[SheetCell], str]:
        def read(cell: SheetCell) -> str:
            meter_id = meter_number(cell, self._raw.meter_numbers)
            first = self._seen.setdefault(meter_id, number)
            if first != number:
                raise CellError(said("is in row {row} too", row=str(first)))
            return meter_id

        return read

    def _model(self, name: str) -> str:
        try:
            self._load(name)
        except ConfigError as error:
            raise CellError(said("is no meter model: {why}", why=error.why)) from None
        return name

    def _load(self, name: str) -> None:
        if name not in self._sheet.models:
            found = find("meters", name, folder=self._path.parent)
            model = load_model(found)
            if not DEVICES[model.device].slot:
                raise ConfigError(str(found), "", said("is a device that takes no card"))
            self._sheet.models[name] = model
