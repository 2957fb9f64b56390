"""The memory of a device that pays by the day: what the page says, cell for cell."""

import re
import zlib

from meter_emu.firmware.token.layouts import PAYGO
from tests.docs.pages import page, table
from tests.world.judge.paygo_homes import MODEL
from tests.world.meter.images import installed

ROWS = table(page("docs/token-meters.md"), "record", "at", "bytes")


def test_a_new_device_holds_what_the_page_says() -> None:
    board = installed(MODEL)
    cells = bytes(board.eeprom.cells)
    factory = cells[PAYGO.factory_at : PAYGO.factory_at + PAYGO.factory.size_bytes]
    state = cells[PAYGO.state_at[0] : PAYGO.state_at[0] + PAYGO.state.size_bytes]
    for raw in (factory, state):
        assert int.from_bytes(raw[-4:], "big") == zlib.crc32(raw[:-4])
    assert factory[:4] == b"TF\x01\x01"
    assert state[:4] == b"TS\x01\x01"
    assert cells[PAYGO.state_at[1]] == 0xFF


def test_the_page_has_every_field_of_both_records_with_its_size() -> None:
    for fields, (_, _, said) in zip((PAYGO.factory.fields, PAYGO.state.fields), ROWS, strict=True):
        named = [one for one in fields if one.name not in {"magic", "version", "reserved", "crc"}]
        assert [one.size_bytes for one in named] == [
            int(size) for size in re.findall(r"\((\d+)[:)]", said)
        ]
    at = [int(cell.rstrip("h"), 16) for row in ROWS for cell in row[1].split(", ")]
    assert at == [PAYGO.factory_at, *PAYGO.state_at]
