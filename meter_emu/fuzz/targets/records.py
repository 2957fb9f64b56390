"""Targets in records: every layout of every format, the container, dates as they are encoded."""

from collections.abc import Sequence
from typing import Any, Final
from zlib import crc32

from card_protocol.errors import LayoutError, TimestampError
from card_protocol.formats.container import HEAD, SLOT_BYTES, Container, parse_container
from card_protocol.layout import Layout
from card_protocol.timestamp import (
    BCD_MINUTE_SIZE_BYTES,
    BCD_NONE,
    decode_bcd_minute,
    encode_bcd_minute,
    pack_minute,
    unpack_minute,
)
from meter_emu.families import card_layouts
from meter_emu.firmware.layouts import FACTORY, LAYOUT_VERSION, STATE, possible, with_crc
from meter_emu.fuzz.models.record_fields import (
    LIMITS,
    civil_of,
    copy_of,
    factory_holds,
    fields_of_record,
    is_documented,
    packed_of,
    state_holds,
)
from meter_emu.fuzz.reach import must, must_at, note
from meter_emu.fuzz.target import Target, last_bytes, slots_of
from meter_emu.world.meter.image import CRC_SIZE_BYTES

_HEAD_SLOTS: Final = slots_of(HEAD)
_HOLDS: Final = {FACTORY.name: factory_holds, STATE.name: state_holds}


def record_target(layout: Layout[Any]) -> Target:
    """Return the target that parses a record: of a card of any family, or of a meter's memory."""
    documented = is_documented(layout.name)

    def check(data: bytes, _build: str) -> None:
        said = fields_of_record(layout.name, data) if documented else None
        try:
            record = layout.parse(data)
        except LayoutError:
            must_at(said is None, "what is a record is not refused", "refused")
            return
        must_at(
            said in (None, tuple(getattr(record, name) for name in names))
            and layout.build(record) == data
            and (said is not None or not documented),
            "a record has the values of its bytes, and is built again of them",
            "a record",
        )
        if holds is not None and data == with_crc(data) and data[2] == LAYOUT_VERSION:
            must(possible(record) == holds(data), "what no meter writes is refused, and that alone")

    names, holds = [field.name for field in layout.fields], _HOLDS.get(layout.name)
    sealed = holds is not None
    slots = slots_of(layout, limits=LIMITS if sealed else ())

    def seed() -> tuple[bytes, ...]:
        body = layout.magic + bytes(layout.size_bytes - len(layout.magic))
        return (body, with_crc(_possible(layout)) if sealed else bytes(len(body)), body[::-1])

    return Target(
        id="record-" + layout.name.removesuffix(" record").replace(" ", "-"),
        asks=f"the {layout.size_bytes} bytes of a {layout.name}",
        oracles="refused, or the same bytes when it is built again",
        reaches=("refused", "a record"),
        size_max=layout.size_bytes,
        check=check,
        seeds=seed,
        words=(layout.magic,),
        slots=lambda _data: slots,
        fixed=True,
        raw=not sealed,
        seal=with_crc if sealed else None,
        tags=last_bytes(CRC_SIZE_BYTES),
    )


def _possible(layout: Layout[Any]) -> bytes:
    """Return a record of the memory that can be: its numbers are one, its bytes erased."""
    numbers = b"".join(
        b"\xff" * field.size_bytes
        if field.kind == "bytes"
        else (1).to_bytes(field.size_bytes, "big")
        for field in layout.fields
    )
    return layout.magic + bytes((LAYOUT_VERSION,)) + numbers[3:]


def _container(data: bytes, _build: str) -> None:
    said = copy_of(data)
    try:
        found = parse_container(data)
    except LayoutError:
        must(said is None, "what is a copy is not refused")
        note("refused")
        return
    note("records" if found.records else "no record")
    must((found.sequence, found.records) == said, "a copy has the records of its rows")
    must(found.to_bytes() == data, "a copy is the same bytes when it is built again")


def _crc_of_container(data: bytes) -> bytes:
    """Put size and CRC-32 right."""
    if len(data) < HEAD.size_bytes + 4:
        return data
    sized = data[: HEAD.size_bytes - 2] + len(data).to_bytes(2, "big") + data[HEAD.size_bytes : -4]
    return sized + crc32(sized).to_bytes(4, "big")


def _timestamps(data: bytes, _build: str) -> None:
    """Five bytes of BCD, four of a packed minute: each reads as one time, and is written so."""
    if len(data) < BCD_MINUTE_SIZE_BYTES + 4:
        return
    raw, packed = data[:BCD_MINUTE_SIZE_BYTES], int.from_bytes(data[5:9], "big")
    said, none = civil_of(raw), raw == b"\xff" * 5
    try:
        civil = decode_bcd_minute(raw)
    except TimestampError:
        note("no BCD")
        must(said is None and not none, "what is a time in BCD is not refused")
    else:
        note("BCD")
        must((civil is None) == none and civil == said, "a time in BCD is that of its digits")
        must(encode_bcd_minute(civil) == raw, "a time in BCD is written as it was read")
        must(unpack_minute(pack_minute(civil)) == civil, "and packed, it is the same time")
    said, none = packed_of(packed), packed == 0xFFFF_FFFF
    try:
        civil = unpack_minute(packed)
    except TimestampError:
        note("no packed minute")
        must(said is None and not none, "what is a packed minute is not refused")
        return
    note("a packed minute")
    must((civil is None) == none and civil == said, "a packed minute is that of its bits")
    must(pack_minute(civil) == packed, "a packed minute is packed as it was read")


def _containers() -> tuple[bytes, ...]:
    """Copies of few records and of as many and as much as there may be, and of one more."""
    records = {sfi: bytes((sfi,)) * size for sfi, size in ((1, 48), (2, 32), (3, 48), (4, 32))}
    most = [_of_rows([1] * count) for count in (30, 31)] + [
        _of_rows([200, size]) for size in (292, 293)
    ]
    return (Container(1, {}).to_bytes(), Container(0xFFFF_FFFF, records).to_bytes(), *most)


def _of_rows(sizes: Sequence[int]) -> bytes:
    rows = b"".join(bytes((sfi,)) + size.to_bytes(2, "big") for sfi, size in enumerate(sizes, 1))
    head = HEAD.magic + bytes((1, len(sizes), 0, 0, 0, 7, 0, 0))
    return _crc_of_container(head + rows + bytes(sum(sizes) + CRC_SIZE_BYTES))


TARGETS: Final = (
    *map(record_target, (*card_layouts(), FACTORY, STATE)),
    Target(
        id="container",
        asks="one copy of a plain card's records",
        oracles="refused, or the same bytes when it is built again",
        reaches=("refused", "records", "no record"),
        size_max=SLOT_BYTES + 1,
        check=_container,
        seeds=_containers,
        slots=lambda _data: _HEAD_SLOTS,
        seal=_crc_of_container,
        tags=last_bytes(CRC_SIZE_BYTES),
        fixed=True,
    ),
    Target(
        id="timestamp",
        asks="five bytes of BCD and four of a packed minute",
        oracles="no time, or the same bytes when it is encoded again",
        reaches=("BCD", "no BCD", "a packed minute", "no packed minute"),
        size_max=9,
        check=_timestamps,
        raw=True,
        seeds=lambda: (
            bytes.fromhex("2007032301") + bytes(4),
            BCD_NONE + b"\xff" * 4,
            bytes.fromhex("0002290000") + bytes(4),
            bytes.fromhex("000229000a") + bytes(4),
        ),
    ),
)
