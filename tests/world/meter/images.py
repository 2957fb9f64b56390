"""What the tests of an explained meter image share: one image, changed at will, its rows found."""

from collections.abc import Sequence
from datetime import datetime
from zlib import crc32

from hypothesis import strategies as st

from meter_emu.explain.meter import explain_image
from meter_emu.firmware.layouts import FACTORY_AT, STATE, STATE_AT, with_crc
from meter_emu.resources import find
from meter_emu.rows import Part, Row
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.image import image_of
from meter_emu.world.meter.model import MeterModel, load_model
from tests.rigs import rig_of

MODEL = load_model(find("meters", "electricity-pcf8563-utc"))
METER = 541_000_000_001
MAY_2020_US = 1_588_300_000_000_000
BUILD = parse_build("reference")
FIRST = datetime(2000, 1, 1)  # noqa: DTZ001  what registers and cards hold has no zone
LAST = FIRST.replace(year=2099, month=12, day=31, hour=23, minute=59, second=59)
IN_THE_CLOCKS_RANGE = st.datetimes(FIRST, LAST)


def installed(model: MeterModel = MODEL, now_us: int = MAY_2020_US) -> Board:
    return rig_of(start_us=now_us, model=model, balance_cents=1_000, load=100).board


def sealed(raw: bytes) -> bytes:
    """Return the bytes of an image with the CRC of the file made right."""
    return raw[:-4] + crc32(raw[:-4]).to_bytes(4, "big")


IMAGE = image_of(installed(), MODEL)
CELLS_AT = next(
    part.offset - FACTORY_AT for part in explain_image(IMAGE, MODEL) if "factory" in part.name
)


def with_cells(at: int, data: bytes) -> bytes:
    """Return the image with some EEPROM cells changed."""
    start = CELLS_AT + at
    return sealed(IMAGE[:start] + data + IMAGE[start + len(data) :])


def with_state(**changes: int | bytes) -> bytes:
    """Return the image with some fields of its state changed and its CRC right."""
    state = STATE.parse(IMAGE[CELLS_AT + STATE_AT[0] :][: STATE.size_bytes])
    for name, value in changes.items():
        setattr(state, name, value)
    return with_cells(STATE_AT[0], with_crc(STATE.build(state)))


def part_of(parts: Sequence[Part], name: str) -> Part:
    (found,) = [part for part in parts if part.name == name]
    return found


def row_of(raw: bytes, field: str, part: str = "state record, copy 0") -> Row:
    (found,) = [row for row in part_of(explain_image(raw, MODEL), part).rows if row.field == field]
    return found
