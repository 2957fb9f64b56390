"""The memory of an STS meter: what the page says, cell for cell."""

import re
import zlib

from meter_emu.firmware.token.sts_layouts import STS
from tests.docs.pages import page, table
from tests.world.judge.sts_homes import model_of
from tests.world.meter.images import installed

ROWS = table(page("docs/token-meters.md"), "record", "where", "bytes")


def test_a_new_meter_holds_what_the_page_says() -> None:
    board = installed(model_of("sts"))
    cells = bytes(board.eeprom.cells)
    factory = cells[STS.factory_at : STS.factory_at + STS.factory.size_bytes]
    state = cells[STS.state_at[0] : STS.state_at[0] + STS.state.size_bytes]
    for raw in (factory, state):
        assert int.from_bytes(raw[-4:], "big") == zlib.crc32(raw[:-4])
    assert factory[:4] == b"SF\x01\x07"
    assert state[:4] == b"SS\x01\x02"
    assert state[-154:-4] == (10_220_000).to_bytes(3, "big") * 50
    assert cells[STS.state_at[1]] == 0xFF


def test_the_page_has_every_field_of_both_records_with_its_size() -> None:
    for fields, (_, _, said) in zip((STS.factory.fields, STS.state.fields), ROWS, strict=True):
        named = [one for one in fields if one.name not in {"magic", "version", "reserved", "crc"}]
        assert [one.size_bytes for one in named] == [
            int(size) for size in re.findall(r"\((\d+)[:)]", said)
        ]
    at = [int(cell.rstrip("h"), 16) for row in ROWS for cell in row[1].split(", ")]
    assert at == [STS.factory_at, *STS.state_at]
