"""A meter image: every persistent byte of a meter in one file that can be kept, compared, changed.

Offsets are in `docs/meter-image.md`. The EEPROM part is commonly called "the state"; clock,
reserve, switch and consumption register also survive without supply.
"""

from pathlib import Path
from random import Random
from typing import Final
from zlib import crc32

from card_protocol.errors import LayoutError
from meter_emu.errors import ImageError
from meter_emu.firmware.layouts import FACTORY, FACTORY_AT, crc_holds
from meter_emu.hardware import metrology
from meter_emu.hardware.eeprom import Eeprom
from meter_emu.hardware.metrology import Metrology
from meter_emu.hardware.oscillator import BACKUP_SIZE_BYTES, Backup
from meter_emu.resources import read_file
from meter_emu.units import DAY_US
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.build import Build
from meter_emu.world.meter.clock_chips import clock_chip
from meter_emu.world.meter.install import MODEL_NAME_SIZE_BYTES, flicker, model_code, switch_class
from meter_emu.world.meter.model import MeterModel

MAGIC: Final = b"MEMI"
METER_IMAGE_VERSION: Final = 1
IMAGE_HEADER_SIZE_BYTES: Final = 32
CRC_SIZE_BYTES: Final = 4


# offset  size  field
# 0       4     magic "MEMI"
# 4       1     version
# 5       3     reserved, 00
# 8       24    model name, ASCII, padded with 00
# 32      ...   clock chip: registers, divider phase, flags
# +0      8     backup: charge
# +8      1     switch: contactor or valve
# +9      8     metrology: register, remainder
# +17     ...   EEPROM: cells, weak cells, wear
# end-4   4     CRC-32 of everything before it
def parts(model: MeterModel) -> tuple[tuple[str, int], ...]:
    """Return name and size of each part between header and EEPROM, in order."""
    return (
        ("clock", clock_chip(model).chip.IMAGE_BYTES),
        ("backup", BACKUP_SIZE_BYTES),
        ("switch", switch_class(model).IMAGE_BYTES),
        ("metrology", metrology.METROLOGY_SIZE_BYTES),
    )


def eeprom_at(model: MeterModel) -> int:
    """Return the offset of the EEPROM's part."""
    return IMAGE_HEADER_SIZE_BYTES + sum(size for _, size in parts(model))


def image_of(board: Board, model: MeterModel) -> bytes:
    """Return the image of a meter in its state at `board.now_us`."""
    now_us = board.now_us
    body = b"".join(
        (
            MAGIC,
            bytes((METER_IMAGE_VERSION, 0, 0, 0)),
            model_code(model),
            board.rtc.to_bytes(now_us),
            board.backup.to_bytes(now_us),
            board.switch.to_bytes(),
            board.metrology.to_bytes(now_us),
            board.eeprom.to_bytes(),
        )
    )
    return body + crc32(body).to_bytes(CRC_SIZE_BYTES, "big")


def board_of(
    raw: bytes,
    model: MeterModel,
    build: Build,
    load: tuple[int, ...],
    *,
    drift_ppb: int,
    now_us: int,
    fate: Random,
    path: str,
    ticks_from_us: int | None = None,
) -> Board:
    """Return the board of an image; its clock continues at `now_us` from what it shows.

    With `ticks_from_us` the meter has been running; without it, it is being powered up.

    Raise `ImageError` for anything that is not a whole image of this model.
    """
    try:
        _check(raw, model)
        found, at = {}, IMAGE_HEADER_SIZE_BYTES
        for name, size in parts(model):
            found[name] = raw[at : at + size]
            at += size
        blank = build.rtc(model, drift_ppb, now_us)
        return Board(
            now_us=now_us,
            rtc=type(blank).from_bytes(found["clock"], blank.calendar, blank.oscillator),
            backup=Backup.from_bytes(
                found["backup"], model.clock.backup_days * DAY_US, at_us=now_us
            ),
            eeprom=Eeprom.from_bytes(
                raw[at:-CRC_SIZE_BYTES],
                flicker(fate),
                size_bytes=model.eeprom_size_bytes,
                page_bytes=model.eeprom_page_bytes,
                endurance_cycles=model.eeprom_endurance_cycles,
            ),
            switch=switch_class(model).from_bytes(found["switch"]),
            metrology=Metrology.from_bytes(found["metrology"], load, at_us=now_us),
            fate=fate,
            ticks_from_us=ticks_from_us,
        )
    except LayoutError as error:
        raise ImageError(path, str(error)) from None


def _check(raw: bytes, model: MeterModel) -> None:
    """Raise `LayoutError` unless these are the bytes of a whole image of this model."""
    if raw[:4] != MAGIC:
        raise LayoutError(
            "meter image", offset=0, expected=MAGIC.decode(), got=raw[:4].hex() or "nothing"
        )
    least = eeprom_at(model) + CRC_SIZE_BYTES
    if len(raw) < least:
        raise LayoutError(
            "meter image", offset=0, expected=f"over {least} bytes", got=f"{len(raw)} bytes"
        )
    if raw[4] != METER_IMAGE_VERSION:
        raise LayoutError(
            "meter image", offset=4, expected=f"version {METER_IMAGE_VERSION}", got=str(raw[4])
        )
    name = raw[8 : 8 + MODEL_NAME_SIZE_BYTES]
    if name != model_code(model):
        got = name.rstrip(b"\0").decode("ascii", "replace")
        raise LayoutError("meter image", offset=8, expected=f"model {model.name}", got=got)
    if crc32(raw[:-CRC_SIZE_BYTES]).to_bytes(CRC_SIZE_BYTES, "big") != raw[-CRC_SIZE_BYTES:]:
        raise LayoutError(
            "meter image", offset=len(raw) - CRC_SIZE_BYTES, expected="its CRC-32", got="another"
        )


def board_of_file(
    path: Path,
    model: MeterModel,
    build: Build,
    load: tuple[int, ...],
    *,
    drift_ppb: int,
    now_us: int,
    fate: Random,
) -> tuple[Board, int | None]:
    """Return the meter in an image file, powered up at `now_us`, and its number if it has one.

    Its clock continues from what it shows. Raise `ImageError` for an unreadable file or one that is
    no whole image of this model.
    """
    try:
        raw = read_file(path)
    except OSError as error:
        raise ImageError(str(path), f"cannot be read: {error.strerror}") from None
    board = board_of(
        raw,
        model,
        build,
        load,
        drift_ppb=drift_ppb,
        now_us=now_us,
        fate=fate,
        path=str(path),
    )
    return board, meter_id_in(raw, model)


def meter_id_in(raw: bytes, model: MeterModel) -> int | None:
    """Return the meter number in an image's factory record, `None` when there is no valid one."""
    at = eeprom_at(model) + FACTORY_AT
    record = raw[at : at + FACTORY.size_bytes]
    if len(record) < FACTORY.size_bytes or record[:2] != FACTORY.magic or not crc_holds(record):
        return None
    return FACTORY.parse(record).meter_id
