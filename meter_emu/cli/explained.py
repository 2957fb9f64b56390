"""Shows bytes explained, and how two files differ, as text and as JSON: for cards and meters."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from meter_emu.cli.answers import so_many
from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK
from meter_emu.cli.output import STDOUT, WIDTH_MAX, echo, print_json, wide_console

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from meter_emu.desk.card_image import RecordView
    from meter_emu.rows import Difference, Part, Row

OFFSET_WIDTH: Final = 6
SIZE_WIDTH: Final = 5
FIELD_WIDTH: Final = 20
RAW_WIDTH: Final = 16  # eight bytes a line
_ENDS: Final = {"defer_until": "T1 ", "cut_at": "T2 ", "ends": ""}  # a memory card has both in one


def print_record(record: "RecordView") -> None:
    """Print a record explained, a line a field."""
    echo(f"\n{record.name}: {record.place}, {record.size_bytes} bytes, MAC {record.seal.value}")
    print_rows(record.rows)
    for wrong in record.wrong:
        echo(f"  WRONG: {wrong}")


def print_rows(rows: tuple["Row", ...]) -> None:
    """Print fields explained, a line each."""
    for row in rows:
        note = f"({row.note or row.about})" if row.note or row.about else ""
        wrong = f"WRONG: {row.wrong}" if row.wrong else ""
        said = " ".join(part for part in (str(row.value), row.unit, note, wrong) if part)
        echo(f"  {row.offset:3}  {row.field:<19} {said}")


def print_parts(parts: Iterable["Part"]) -> None:
    """Print every field of every part, as wide as the terminal."""
    from rich.text import Text

    console = wide_console()
    console.print(_heads(_table(console.width), "raw bytes", "means"))
    for part in parts:
        said = f": {part.said}" if part.said else ""
        console.print(Text.assemble("\n", (part.name, "bold"), said))
        for wrong in part.wrong:
            console.print(Text(f"WRONG: {wrong}", style="bold red"))
        table = _table(console.width)
        for row in part.rows:
            means = Text("; ").join(_means(row))
            where = Text(str(row.offset)), Text(str(row.size_bytes)), Text(row.field)
            table.add_row(*where, Text(row.raw), means)
        console.print(table)


def _means(row: "Row") -> "Iterator[Text]":
    """Yield what a field holds, what it is for, and what is wrong with it."""
    from rich.text import Text

    if row.meaning:
        yield Text(row.meaning)
    if row.about:
        yield Text(row.about, style="dim")
    if row.wrong:
        yield Text(f"WRONG: {row.wrong}", style="bold red")


def tell_differences(a: str, b: str, found: Sequence["Difference"], json_file: str | None) -> int:
    """Say in which fields the files `a` and `b` differ, as asked for; return 1 when they do."""
    if json_file is not None:
        from meter_emu.cli.printed.byte_results import differences_json

        print_json(differences_json(a, b, found), json_file)
    if json_file != STDOUT:
        _print_differences(a, b, found)
    return EXIT_FOUND if found else EXIT_OK


def _print_differences(a: str, b: str, found: Sequence["Difference"]) -> None:
    """Print the fields in which two files differ, side by side."""
    from rich.text import Text

    console = wide_console()
    fields = so_many(len(found), "field differs", "fields differ")
    verdict = f"{fields} between A and B" if found else "the same, byte for byte"
    console.print(Text(f"{verdict}\nA: {a}\nB: {b}"), soft_wrap=True)
    if not found:
        return
    console.print(Text("\n"), end="")
    console.print(_heads(_table(console.width, sides=True), "A", "B"))
    for part, group in groupby(found, key=lambda one: (one.part_a, one.part_b)):
        _print_part_heads(console, *part)
        table = _table(console.width, sides=True)
        for one in group:
            where = Text(str(one.a.offset)), Text(str(one.a.size_bytes)), Text(one.a.field)
            table.add_row(*where, Text(_side(one.a, one.b)), Text(_side(one.b, one.a)))
        console.print(table)


def _print_part_heads(console: "Console", a: "Part", b: "Part") -> None:
    """Print a part's name, and its description where the two files differ in it."""
    from rich.text import Text

    console.print(Text(f"\n{a.name}", style="bold"))
    words = ["; ".join(filter(None, (part.said, *part.wrong))) for part in (a, b)]
    if words[0] != words[1]:
        for letter, said in zip("AB", words, strict=True):
            console.print(Text(f"{letter}: {said or 'nothing is wrong'}"))


def _side(row: "Row", other: "Row") -> str:
    """Return what one file holds; the bytes too where both read the same in words."""
    if not row.meaning:
        return row.raw
    return row.meaning if row.meaning != other.meaning else f"{row.meaning} {row.raw}"


def _heads(table: "Table", *last: str) -> "Table":
    table.add_row("offset", "size", "field", *last)
    return table


def _table(width: int, *, sides: bool = False) -> "Table":
    """Return an empty table; every one has the same columns, so they stand under each other."""
    from rich.table import Table

    table = Table(
        box=None,
        show_header=False,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        expand=True,
        width=min(width, WIDTH_MAX),
    )
    table.add_column(justify="right", width=OFFSET_WIDTH, no_wrap=True)
    table.add_column(justify="right", width=SIZE_WIDTH, no_wrap=True)
    table.add_column(width=FIELD_WIDTH, overflow="fold")
    if sides:
        table.add_column(ratio=1, overflow="fold")
    else:
        table.add_column(width=RAW_WIDTH, overflow="fold")
    table.add_column(ratio=1, overflow="fold")
    return table


def verdict_on_parts(parts: Sequence["Part"]) -> str:
    """Return which parts of a file have something in them that is out of range, if any has."""
    wrong = ", ".join(part.name for part in parts if not part.sound)
    return f"WRONG: {wrong}" if wrong else "nothing is out of range"


def verdict_on(records: tuple["RecordView", ...]) -> str:
    """Return what the office ordered, and whether anything on the card is wrong."""
    from meter_emu.desk.card_image import Seal

    rows = [row for one in records if one.name.startswith("desk") for row in one.rows]
    ends = [f"{_ENDS[row.field]}{row.note}" for row in rows if row.field in _ENDS]
    ordered = ", ".join(ends) or "nothing of the office"
    wrong = [f"MAC of the {one.name}" for one in records if one.seal is Seal.WRONG]
    wrong += [f"{row.field} of the {one.name}" for one in records for row in one.rows if row.wrong]
    wrong += [words for one in records if one.seal is not Seal.WRONG for words in one.wrong]
    unchecked = [f"the {one.name}" for one in records if one.seal is Seal.UNCHECKED]
    if wrong:
        return f"WRONG: {', '.join(wrong)}; {ordered}"
    if unchecked:
        return f"{', '.join(unchecked)} cannot be checked; {ordered}"
    return f"{ordered}; all that is written has a right MAC"
