"""A meter's bytes, field by field: what each means, what a poll read or wrote, who wrote it."""

from collections.abc import Iterator
from typing import Final, NamedTuple, final

from meter_emu.explain.meter import explain_image
from meter_emu.firmware.layouts import STATE, STATE_AT
from meter_emu.rows import Row
from meter_emu.world.meter.bus import BusLog, HeardAccess
from meter_emu.world.meter.image import IMAGE_HEADER_SIZE_BYTES, eeprom_at
from meter_emu.world.meter.model import MeterModel

READ: Final = "read"
WRITTEN: Final = "written"
ROWS_MAX: Final = 400  # ours: an image of our models has some 190


@final
class SeenRow(NamedTuple):
    """A field, the chip it lies in with its address there, and how the last poll touched it."""

    part: str
    row: Row
    chip: str
    at: int
    touched: str


@final
class WrittenBy(NamedTuple):
    """Who wrote a field: when, in which poll, and the last command to the card before it."""

    at_us: int
    poll: int
    command: str


def rows_seen(raw: bytes, model: MeterModel, log: BusLog) -> Iterator[SeenRow]:
    """Yield the fields of a meter image, without what only the file has, at most `ROWS_MAX`."""
    memory_at, touched = eeprom_at(model), log.last_poll()
    count = 0
    for part in explain_image(raw, model)[1:-1]:
        chip = "rtc" if part.offset == IMAGE_HEADER_SIZE_BYTES else part.name
        chip = "eeprom" if part.offset >= memory_at else chip
        base = memory_at if chip == "eeprom" else IMAGE_HEADER_SIZE_BYTES
        for row in part.rows:
            at = row.offset - base
            yield SeenRow(part.name, row, chip, at, _touched(touched, chip, at, row.size_bytes))
            count += 1
            if count >= ROWS_MAX:
                return


def written_by(field: SeenRow, log: BusLog, now_us: int) -> WrittenBy | None:
    """Return who wrote a field of the memory, `None` for one that nobody has in this sitting."""
    if field.chip != "eeprom":
        return None
    found = log.writer_of(_places(field), field.row.size_bytes, now_us)
    if found is None:
        return None
    brought = [one for one in log.exchanges_of(found.poll) if one.at_us <= found.at_us]
    # What was read last from the card before the write; commands after it only answer.
    read = next((one for one in reversed(brought) if len(one.answer) > 2), None)
    command = "" if read is None else " ".join(read.shown)
    return WrittenBy(found.at_us, found.poll, command)


def _places(field: SeenRow) -> tuple[int, ...]:
    """Return where a field of the memory lies: in the state record, in both copies."""
    for at in STATE_AT:
        if at <= field.at < at + STATE.size_bytes:
            return tuple(copy + field.at - at for copy in STATE_AT)
    return (field.at,)


def _touched(accesses: list[HeardAccess], chip: str, at: int, size_bytes: int) -> str:
    kinds = {
        one.writes
        for one in accesses
        if one.chip == chip and one.at < at + size_bytes and at < one.at + len(one.data)
    }
    return WRITTEN if True in kinds else READ if kinds else ""
