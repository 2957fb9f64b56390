"""What is timed is what the page says: parsers at 64 bytes, every target, and the asked shares."""

import json

import pytest

from meter_emu.fuzz.targets import targets
from tests.docs.pages import page, table
from tests.fuzz.faults import CPU_S, FAULTS
from tests.fuzz.rates import ASKED
from tests.fuzz.timed import PARSED_BYTES, parsers, plain

PAGE = "docs/fuzzing.md"
ALONE = ("parser", "a second", "of an empty function", "asked")
EACH = ("target", "bytes at most", "seeds", "guided, a second", "in a loop, a second", "share")
FOUND = ("fault", "one change", "target", "seed 1", "seed 2", "seed 3")


@pytest.mark.parametrize("name", parsers())
def test_a_parser_takes_what_it_begins_with(name):
    parse, begins = parsers()[name]
    assert len(begins) <= PARSED_BYTES
    parse(begins)
    parse(b"\xff" * PARSED_BYTES)


def test_the_plain_loop_tries_what_the_guided_run_tried(tmp_path):
    said = {"rate": 1.0, "inputs": ["00a40000023f00", "00"]}
    (tmp_path / "c-apdu.json").write_text(json.dumps(said))
    plain(tmp_path, 0.001, ["c-apdu"])
    assert float((tmp_path / "c-apdu.plain").read_text()) > 0


def test_the_page_has_every_parser_and_says_what_was_asked():
    rows = {name: (share, asked) for name, _, share, asked in table(page(PAGE), *ALONE)}
    assert set(rows) == set(parsers())
    assert {name: asked for name, (_, asked) in rows.items() if asked} == {
        name: f"{asked} %" for name, asked in ASKED.items()
    }
    assert all(float(rows[name][0].rstrip(" %")) >= asked for name, asked in ASKED.items())


def test_the_page_has_every_target():
    rows = {name: size for name, size, *_ in table(page(PAGE), *EACH)}
    known = {one.id: f"{one.size_max:,}" for one in targets().values() if not one.canary}
    assert rows == known


def test_the_page_has_every_fault_found_in_time():
    rows = {name: (what, target, cells) for name, what, target, *cells in table(page(PAGE), *FOUND)}
    assert {name: row[:2] for name, row in rows.items()} == {
        name: (fault.what, fault.target) for name, fault in FAULTS.items()
    }
    measured = [cell for _, _, cells in rows.values() for cell in cells if cell != "-"]
    assert len(measured) >= 3 * 12
    assert all(int(cell.split(" s, ")[0]) <= CPU_S for cell in measured)
