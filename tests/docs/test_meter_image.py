"""docs/meter-image.md is the memory map: its tables are the program's."""

from enum import IntEnum
from pathlib import Path
from random import Random
from typing import Any

import pytest

from card_protocol.layout import Layout
from card_protocol.timestamp import Civil
from meter_emu.firmware import layouts
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.layouts import FACTORY, FACTORY_AT, STATE, STATE_AT
from meter_emu.firmware.memory import Memory
from meter_emu.firmware.parts import assemble
from meter_emu.firmware.rtc.pcf8563 import Pcf8563Driver
from meter_emu.hardware import eeprom
from meter_emu.hardware.oscillator import SECOND
from meter_emu.hardware.rtc.calendar_chip import PHASE_BYTES, TAIL_BYTES
from meter_emu.resources import find
from meter_emu.world.meter import image
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.install import empty_board
from meter_emu.world.meter.model import MeterModel, load_model
from meter_emu.zones import BELGIAN
from tests.cells import each_cell
from tests.docs.pages import page, section, table
from tests.firmware.meters import now_at
from tests.rigs import rig_of

PAGE = page("docs/meter-image.md")
MODEL = load_model(find("meters", "electricity-pcf8563-utc"))
MAY_2020_US = 1_588_300_000_000_000
FIELDS = ("offset", "size", "field", "kind", "unit", "holds")


def installed(model: MeterModel = MODEL):
    return rig_of(start_us=MAY_2020_US, model=model, balance_cents=1_000, load=100).board


@pytest.mark.parametrize(
    ("heading", "layout"), [("Factory record", FACTORY), ("State record", STATE)]
)
def test_the_records_are_those_of_the_program(heading: str, layout: Layout[Any]) -> None:
    rows = table(section(PAGE, heading), *FIELDS)
    said = [(int(row[0]), int(row[1]), row[2], row[3], row[4].strip("\N{EN DASH}")) for row in rows]
    assert said == [tuple(field) for field in layout.fields]
    assert rows[0][5].startswith(layout.magic.hex())


@each_cell(
    ("head", "enum"),
    [
        (("code", "clock health"), layouts.Health),
        (("code", "clock base"), layouts.RtcBase),
        (("code", "supply states"), layouts.Supply),
        (("code", "accounts"), layouts.EnergyAccount),
        (("code", "rates"), layouts.Rate),
        (("code", "event", "detail"), layouts.EventCode),
    ],
)
def test_codes_are_those_of_the_program(head: tuple[str, ...], enum: type[IntEnum]) -> None:
    said = {int(row[0], 16): row[1] for row in table(PAGE, *head)}
    assert said == {int(member): _words(str(member.name)) for member in enum}


@each_cell(
    ("head", "flags"),
    [
        (("bit", "factory flags"), layouts.FactoryFlags),
        (("bit", "state flags"), layouts.StateFlags),
    ],
)
def test_bits_are_those_of_the_program(head: tuple[str, ...], flags: type) -> None:
    said = {int(row[0], 16): row[1] for row in table(PAGE, *head)}
    assert said == {mask: _words(name) for name, mask in layouts.masks_of(flags).items()}
    assert len(said) >= 5


def _words(name: str) -> str:
    return name.lower().replace("_", " ")


def test_the_file_has_its_parts_where_the_page_says() -> None:
    rows = table(section(PAGE, "The file"), "offset", "size", "part", "holds")
    said = {row[2]: (row[0], row[1]) for row in rows}
    at = image.IMAGE_HEADER_SIZE_BYTES
    for name, size in image.parts(MODEL):
        assert said[name] == (str(at), str(size))
        at += size
    assert said["eeprom"][0] == str(image.eeprom_at(MODEL)) == str(at)
    assert said["crc"] == (f"end - {image.CRC_SIZE_BYTES}", str(image.CRC_SIZE_BYTES))
    header = [(int(row[0]), int(row[1])) for row in rows[:4]]
    assert [offset + size for offset, size in header] == [4, 5, 8, image.IMAGE_HEADER_SIZE_BYTES]
    assert [offset for offset, _ in header] == [0, 4, 5, 8]
    assert rows[0][3] == image.MAGIC.decode()
    assert rows[1][3].startswith(f"{image.METER_IMAGE_VERSION};")


def test_a_real_image_is_as_the_page_says() -> None:
    board = installed()
    raw = image.image_of(board, MODEL)
    said = PAGE.split("that is ")[1].split(" bytes")[0]
    assert len(raw) == int(said.replace(",", ""))
    cells = raw[image.eeprom_at(MODEL) :]
    for row in table(section(PAGE, "The EEPROM's part"), "address", "size", "record"):
        at, size = int(row[0].removesuffix("h"), 16), int(row[1])
        record = cells[at : at + size]
        written = row[2] != "state record, copy 1"
        assert layouts.crc_holds(record) is written, row
        assert record == b"\xff" * size or written, row


def test_addresses_of_the_records() -> None:
    rows = table(section(PAGE, "The EEPROM's part"), "address", "size", "record")
    assert [int(row[0].removesuffix("h"), 16) for row in rows] == [FACTORY_AT, *STATE_AT]
    assert [int(row[1]) for row in rows] == [FACTORY.size_bytes, *[STATE.size_bytes] * 2]
    pages = [range(at // 64, (at + STATE.size_bytes - 1) // 64 + 1) for at in STATE_AT]
    assert not set(pages[0]) & set(pages[1]), "the two copies share no page"


def test_the_clock_part() -> None:
    rows = table(section(PAGE, "The clock chip's part"), "offset", "size", "field", "holds")
    assert [row[2] for row in rows] == ["registers", "phase", "flags"]
    assert [row[1] for row in rows[1:]] == [str(PHASE_BYTES), str(TAIL_BYTES - PHASE_BYTES)]
    assert f"{SECOND:,}" in rows[1][3]


def test_the_eeprom_part() -> None:
    part = eeprom.Eeprom(lambda: 0, size_bytes=1024, page_bytes=64)
    part.cells[0] = 0x55
    part.weak.add(0)
    part.wear[0] = 7
    raw = part.to_bytes()
    rows = table(section(PAGE, "The EEPROM's part"), "offset", "size", "field", "holds")
    assert [row[2] for row in rows] == ["cells", "weak", "wear"]
    assert (raw[0], raw[1024], raw[1024 + 128 : 1024 + 132]) == (0x55, 0x80, b"\0\0\0\7")
    assert len(raw) == 1024 + 128 + 4 * 16


def test_an_end_is_as_the_page_says() -> None:
    ends: EndStore = assemble(lambda part: part, Pcf8563Driver, BELGIAN.rule).ends
    raw = ends.accept(Civil(2020, 7, 3, 23, 1), now_at(0))
    rows = table(section(PAGE, "An end"), "offset", "size", "part of an end", "unit")
    parts = {row[2]: raw[int(row[0]) : int(row[0]) + int(row[1])] for row in rows}
    assert parts["civil"].hex() == "2007032301"
    assert int.from_bytes(parts["utc_min"], "big") * 60 == 1_593_810_060  # 3 July 2020 21:01 UTC
    assert parts["reserved"] == b"\xff" * 3
    assert sum(map(len, parts.values())) == layouts.END_SIZE_BYTES


def test_an_event_is_as_the_page_says() -> None:
    rows = table(section(PAGE, "Events"), "offset", "size", "part of an event", "unit")
    assert sum(int(row[1]) for row in rows) == layouts.EVENT_SIZE_BYTES
    assert int(rows[1][0]) == 4
    assert "eight entries of eight bytes" in PAGE
    assert layouts.EVENT_COUNT == layouts.EVENT_SIZE_BYTES == 8


def test_a_save_goes_to_the_older_copy_page_by_page() -> None:
    board = installed()
    memory = Memory(board)
    before = [bytes(board.eeprom.cells[at : at + STATE.size_bytes]) for at in STATE_AT]
    wear = list(board.eeprom.wear)
    state = memory.state()
    assert state is not None
    memory.save(state)
    after = [bytes(board.eeprom.cells[at : at + STATE.size_bytes]) for at in STATE_AT]
    assert after[0] == before[0]
    assert STATE.parse(after[1]).sequence == STATE.parse(before[0]).sequence + 1
    worn = [now - then for now, then in zip(board.eeprom.wear, wear, strict=True)]
    first = STATE_AT[1] // 64
    assert worn[first : first + 4] == [1, 1, 1, 1]
    assert sum(worn) == 4


def test_a_blank_meter_has_no_record_at_all(tmp_path: Path) -> None:
    build = parse_build("reference")
    board = empty_board(MODEL, build, (0,) * 24, drift_ppb=0, now_us=MAY_2020_US, fate=Random(2))
    assert Memory(board).factory() is None
    assert Memory(board).state() is None
    build.program(MODEL)(board).poll()
    assert board.panel.text == "NOT CONFIGURED"
    path = tmp_path / "blank.bin"
    path.write_bytes(image.image_of(board, MODEL))
    assert image.meter_id_in(path.read_bytes(), MODEL) is None
