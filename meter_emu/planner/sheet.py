"""The operator's sheet: each row a meter, each mistake by its cell, all of them at once."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple, TypeVar, final

from meter_emu.errors import ConfigError
from meter_emu.foreign.room import MERGED
from meter_emu.languages.speech import said
from meter_emu.nearest import hint
from meter_emu.planner.cells import CellError, SheetCell, cents_in, day_in, text_of, word_of
from meter_emu.planner.plan_file import RawColumn, RawPlanFile
from meter_emu.planner.table import letters_of, table_rows
from meter_emu.resources import find, read_file
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.model import MeterModel, load_model

NO_DISTRICT: Final = ""
_SAID_MAX: Final = 40  # ours: characters of a cell in a message
_Read = TypeVar("_Read")


class SheetRow(NamedTuple):
    """A meter as its row has it; `number` is the row's."""

    number: int
    meter_id: str
    model: str
    balance_cents: int
    district: str
    last_visit: date | None


class SheetMistake(NamedTuple):
    """A cell that does not say what it should: its place, its text, and what is wanted."""

    cell: str
    heading: str
    text: str
    why: str

    @property
    def in_words(self) -> str:
        """The mistake in one line."""
        text = self.text if len(self.text) <= _SAID_MAX else f"{self.text[:_SAID_MAX]}…"
        where = said("cell {cell} ({heading})", cell=self.cell, heading=self.heading)
        return f"{where}: {text!r}: {self.why}" if text else f"{where}: {self.why}"


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
    table = table_rows(str(file), data, raw_plan.sheet.sheet)
    sheet = MeterSheet(path=str(file), sha256=hashlib.sha256(data).hexdigest())
    headings: list[str] = []
    reader: _RowReader | None = None
    with closing(table):
        for number, cells in table:
            if not any(map(text_of, cells)):
                sheet.empty_rows += reader is not None
            elif reader is None:
                headings = [text_of(cell) for cell in cells]
                reader = _RowReader(path, raw_plan, sheet, headings)
            else:
                reader.read(number, cells)
    if reader is None or not (sheet.rows or sheet.mistakes):
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
        self, path: Path, raw_plan: RawPlanFile, sheet: MeterSheet, headings: Sequence[str]
    ) -> None:
        self._path: Final = path
        self._raw: Final = raw_plan.sheet
        self._sheet: Final = sheet
        self._headings: Final = headings
        self._seen: Final[dict[str, int]] = {}
        columns = raw_plan.sheet.columns
        self._taken: Final = {
            key: self._take(key, getattr(columns, key)) for key in columns.__struct_fields__
        }
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
            why = said("has no column {heading}: it has {known}", heading=missing, known=has)
            why += hint(heading, known)
            if found:
                why = said("has the column {heading} twice or more", heading=missing)
            raise ConfigError(self._sheet.path, f"sheet: columns: {key}", why)
        self._sheet.read_as[key] = letters_of(found[0]), heading
        return found[0]

    def read(self, number: int, found: Sequence[SheetCell]) -> None:
        """Take in one row, or its mistakes."""
        raw, before = self._raw, len(self._sheet.mistakes)

        def at(key: str, read: Callable[[SheetCell], _Read], missing: _Read) -> _Read:
            place = self._taken[key].place
            if place is None:
                return missing
            cell = found[place] if place < len(found) else ""
            try:
                if cell is MERGED:
                    raise CellError(said("is part of a merged cell: split it"))
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

    def _wrong(self, number: int, place: int, cell: SheetCell, why: str) -> None:
        has_heading = place < len(self._headings)
        heading = self._headings[place] if has_heading else said("no heading")
        where = f"{letters_of(place)}{number}"
        self._sheet.mistakes.append(SheetMistake(where, heading, text_of(cell), why))

    def _new_meter(self, number: int) -> Callable[[SheetCell], str]:
        def read(cell: SheetCell) -> str:
            meter_id = word_of(cell)
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
