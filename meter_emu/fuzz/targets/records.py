"""Targets in records: every layout of every format, the container, dates as they are encoded."""

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
from meter_emu.firmware.layouts import FACTORY, STATE, possible, with_crc
from meter_emu.fuzz.reach import must, note
from meter_emu.fuzz.target import Target, last_bytes, slots_of
from meter_emu.world.meter.image import CRC_SIZE_BYTES

_HEAD_SLOTS: Final = slots_of(HEAD)
_SEALED: Final = frozenset({FACTORY.name, STATE.name})


def record_target(layout: Layout[Any]) -> Target:
    """Return the target that parses a record: of a card of any family, or of a meter's memory."""

    def check(data: bytes, _build: str) -> None:
        try:
            record = layout.parse(data)
        except LayoutError:
            note("refused")
            return
        note("a record")
        must(layout.build(record) == data, "a record is the same bytes when it is built again")
        if sealed:
            must(possible(record) in {True, False}, "it can be or not")

    slots, sealed = slots_of(layout), layout.name in _SEALED

    def seed() -> tuple[bytes, ...]:
        body = layout.magic + bytes(layout.size_bytes - len(layout.magic))
        return (body, with_crc(body)) if sealed else (body, bytes(layout.size_bytes))

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


def _container(data: bytes, _build: str) -> None:
    try:
        found = parse_container(data)
    except LayoutError:
        note("refused")
        return
    note("records" if found.records else "no record")
    again = found.to_bytes()
    must(again == data, "a copy is the same bytes when it is built again")


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
    try:
        civil = decode_bcd_minute(raw)
    except TimestampError:
        note("no BCD")
    else:
        note("BCD")
        digits = raw.hex()
        said = None if civil is None else (civil.year, *civil[1:])
        read = None if raw == b"\xff" * 5 else (2000 + int(digits[:2]), *(
            int(digits[at : at + 2]) for at in range(2, 10, 2)))  # fmt: skip
        must(said == read, "a time in BCD is that of its digits")
        must(encode_bcd_minute(civil) == raw, "a time in BCD is written as it was read")
        must(unpack_minute(pack_minute(civil)) == civil, "and packed, it is the same time")
    try:
        civil = unpack_minute(packed)
    except TimestampError:
        note("no packed minute")
        return
    note("a packed minute")
    bits = f"{packed:032b}"
    parts = [int(bits[at:end], 2) for at, end in ((5, 12), (12, 16), (16, 21), (21, 26), (26, 32))]
    read = None if packed == 0xFFFF_FFFF else (2000 + parts[0], *parts[1:])
    must((None if civil is None else tuple(civil)) == read, "a packed minute is that of its bits")
    must(pack_minute(civil) == packed, "a packed minute is packed as it was read")


def _containers() -> tuple[bytes, ...]:
    records = {sfi: bytes((sfi,)) * size for sfi, size in ((1, 48), (2, 32), (3, 48), (4, 32))}
    return (Container(1, {}).to_bytes(), Container(0xFFFF_FFFF, records).to_bytes())


TARGETS: Final = (
    *map(record_target, (*card_layouts(), FACTORY, STATE)),
    Target(
        id="container",
        asks="one copy of a plain card's records",
        oracles="refused, or the same bytes when it is built again",
        reaches=("refused", "records", "no record"),
        size_max=SLOT_BYTES,
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
        ),
    ),
)
