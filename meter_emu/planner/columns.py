"""A column of a sheet as a whole: what it has throughout is one mistake, not one of each cell."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import product
from typing import Final, NamedTuple

from meter_emu.languages.speech import said, said_of
from meter_emu.planner.table import letters_of

_SAID_MAX: Final = 40  # ours: characters of a cell in a message
_ALIKE_MIN: Final = 3  # ours: cells that are a column's
_ALIKE_MANY: Final = 20  # ours: as many are, of however many
_ALIKE_SHARE: Final = 0.8  # ours: of numbers, as long as each other; a tenth begin with a zero
_DAYS: Final = (
    "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d-%m-%y", "%d.%m.%y",
    "%Y/%m/%d", "%Y%m%d",
)  # fmt: skip
_TIMES: Final = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S")
_SERIALS: Final = range(20_000, 80_000)  # 1954 to 2119, as a spreadsheet counts days


class SheetMistake(NamedTuple):
    """A cell that does not say what it should: its place, its text, and what is wanted.

    Its column, from 0, may have it in many `cells`.
    """

    row: int
    column: int
    heading: str
    text: str
    why: str
    cells: int = 1

    @property
    def cell(self) -> str:
        """The place of the cell, as a spreadsheet has it."""
        return f"{letters_of(self.column)}{self.row}"

    @property
    def in_words(self) -> str:
        """The mistake in one line."""
        text = self.text if len(self.text) <= _SAID_MAX else f"{self.text[:_SAID_MAX]}…"
        if self.cells == 1:
            where = said("cell {cell} ({heading})", cell=self.cell, heading=self.heading)
            return f"{where}: {text!r}: {self.why}" if text else f"{where}: {self.why}"
        where = said_of(
            "column {column} ({heading}), {count} cell, such as {cell}",
            "column {column} ({heading}), {count} cells, such as {cell}",
            self.cells,
            column=letters_of(self.column),
            heading=self.heading,
            cell=f"{self.cell} {text!r}" if text else self.cell,
        )
        return f"{where}: {self.why}"


def day_patterns(texts: Collection[str]) -> Iterator[str]:
    """Yield each pattern by which all of some texts are days."""
    for day, time in product(_DAYS, _TIMES):
        with suppress(ValueError):
            if all(datetime.strptime(text, day + time) for text in texts):  # noqa: DTZ007
                yield day + time


def short_numbers(meter_ids: Collection[str]) -> tuple[int, Collection[str]]:
    """Return how many digits most of some numbers have, and which have fewer; none if few agree."""
    lengths = Counter(len(one) for one in meter_ids if one.isdecimal())
    digits, count = max(lengths.items(), key=lambda one: one[1], default=(0, 0))
    if count < _ALIKE_SHARE * lengths.total():
        return digits, ()
    return digits, {one for one in meter_ids if one.isdecimal() and len(one) < digits}


def told_by_column(
    mistakes: Sequence[SheetMistake], right: int, days_column: int | None, days_right: int
) -> list[SheetMistake]:
    """Return mistakes, with those that a column has throughout as one.

    Args:
        mistakes: Those of all cells.
        right: How many rows have none.
        days_column: The column of days, whose way of writing is looked for.
        days_right: How many days in it are read.
    """
    days = [one for one in mistakes if one.column == days_column and one.text]
    why = _days_said([one.text for one in days]) if len(days) > days_right else ""
    found: dict[tuple[int, str], list[SheetMistake]] = defaultdict(list)
    for one in mistakes:
        found[one.column, why if why and one.column == days_column else one.why].append(one)
    whole = right + len({one.row for one in mistakes})
    told = list[SheetMistake]()
    for (_, words), alike in found.items():
        is_column = len(alike) * 2 > whole or len(alike) > _ALIKE_MANY or words == why
        is_column &= len(alike) >= _ALIKE_MIN
        told += [alike[0]._replace(why=words, cells=len(alike))] if is_column else alike
    return sorted(told, key=lambda one: (one.row, one.column))


def _days_said(texts: Sequence[str]) -> str:
    """Return how a column of days is written, if in one way that is not the plan's."""
    if all(text.isdecimal() and int(text) in _SERIALS for text in texts):
        return said("are days as a spreadsheet counts them: format the column as a date")
    pattern = next(day_patterns(texts), None)
    if pattern is None:
        return ""
    return said("are written another way: write {key} in the plan", key=f'dates = "{pattern}"')
