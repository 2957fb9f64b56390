"""Workbooks that nobody's program writes: cells, merges, strings, relations and spellings, drawn.

Each ends in rows or in one line, whatever it asks for, and no reader has more than its limit.
`make test-hostile` draws for METER_EMU_BOOKS_S seconds.
"""

import os
import resource
import time
from random import Random
from typing import Final

import pytest

from meter_emu.errors import ConfigError
from meter_emu.foreign.room import READER_MEMORY_MAX_MB
from meter_emu.planner.table import METERS_MAX, table_rows
from tests.planner.test_dirty_sheets import SHEET_XML, SPACE, STRINGS_XML, elsewhere, patched

BOOKS_SHORT: Final = 6  # ours: a process each
COLUMNS: Final = ("A", "C", "Z", "AZ", "XFD", "xfd", "XFE", "ZZZZ", "", "1")
ROWS: Final = ("0", "1", "7", "200000", "200001", "1048576", "4294967296", "-1", "x")
QUOTES: Final = ('"', "'")
KINDS: Final = ("s", "str", "inlineStr", "b", "e", "n", "d", "?")
COUNTS: Final = ("", ' count="1"', ' uniqueCount="2000000000"', ' uniqueCount="-1"', ' count="x"')


def drawn_sheet(chance: Random) -> bytes:
    """Return what comes in place of the end of a sheet's rows."""
    parts, quote = [], chance.choice(QUOTES)
    prefix = chance.choice(("", "", "x:"))
    for _ in range(chance.randrange(5)):
        place = chance.choice(COLUMNS) + chance.choice(ROWS)
        blank = chance.choice((" ", "\n", "\t  "))
        kind = f" t={quote}{chance.choice(KINDS)}{quote}" if chance.random() < 0.5 else ""
        value = chance.choice(("1", "9" * 400, "1e999", "nan", "&#0;", "&lt;" * 99, "-1", "🂡"))
        parts.append(
            f"<{prefix}row r={quote}{chance.choice(ROWS)}{quote}><{prefix}c{blank}{kind} "
            f"r={quote}{place}{quote}><{prefix}v>{value}</{prefix}v></{prefix}c></{prefix}row>"
        )
    parts.append("</sheetData>" * chance.choice((1, 1, 1, 0, 2)))
    if chance.random() < 0.6:
        ends = [chance.choice(COLUMNS) + chance.choice(ROWS) for _ in range(2)]
        merge = f"<mergeCell ref={quote}{':'.join(ends)}{quote}/>"
        parts.append(f"<mergeCells>{merge * chance.choice((1, 9, 400, 20_000))}</mergeCells>")
    return "".join(parts).encode()


def drawn_book(chance: Random) -> bytes:
    """Return a workbook with some of what can be wrong in one."""
    end = drawn_sheet(chance)
    data = patched(SHEET_XML, lambda xml: xml.replace(b"</sheetData>", end))
    if chance.random() < 0.4:
        many = b"<si><t>x</t></si>" * chance.choice((0, 1, 1_000_000))
        head = f'<sst xmlns="{SPACE.decode()}"{chance.choice(COUNTS)}>'.encode()
        data = patched(STRINGS_XML, lambda _old: head + many + b"</sst>", data)
    if chance.random() < 0.2:
        data = elsewhere(chance.choice((b"", b'<row r="9"><c r="XFD9"/></row>')))
    if chance.random() < 0.3:
        name = chance.choice((SHEET_XML, "xl/workbook.xml", "xl/_rels/workbook.xml.rels"))
        at, by = chance.random(), bytes([chance.randrange(256)])

        def change(xml: bytes) -> bytes:
            place = int(at * len(xml))
            return xml[:place] + by + xml[place + chance.choice((0, 1, 40)) :]

        data = patched(name, change, data)
    if chance.random() < 0.1:
        data = data[: chance.randrange(len(data))]
    return data


@pytest.mark.slow("a process for each workbook")
def test_a_workbook_of_nobodys_is_rows_or_one_line_within_the_limit():
    most_s = float(os.environ.get("METER_EMU_BOOKS_S", "0"))
    chance, until, ended = Random(), time.monotonic() + most_s, dict.fromkeys(("rows", "line"), 0)
    seeds = (chance.getrandbits(64) for _ in range(10**9))
    for number, seed in enumerate(seeds):
        if number >= BOOKS_SHORT and time.monotonic() >= until:
            break
        try:
            rows = sum(1 for _ in table_rows("a.xlsx", drawn_book(Random(seed)), None))
            words = ""
        except ConfigError as error:
            rows, words = 0, str(error)
        assert rows <= METERS_MAX + 1, seed
        assert "\n" not in words, seed
        assert len(words) < 500, seed
        ended["line" if words else "rows"] += 1
    print(ended)  # noqa: T201  a long run shows what it was
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    assert not most_s or peak_mb <= READER_MEMORY_MAX_MB, peak_mb
