"""The container: all records of a card in one transparent file, kept twice.

For cards that do not write atomically. Two slots of fixed size hold a copy each; a write goes to
the other slot than the current copy's, under the next sequence number, and a CRC over everything
makes the new copy valid only when all of it has arrived. After a cut at any byte the current copy
is the old or the new one: it is the valid one with the higher number.

The container knows records by short file identifier and size, not their contents: the CRC
distinguishes a torn copy from a whole one and protects against no attacker. Ours.
"""

import struct
from binascii import crc32
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, final

from card_protocol.errors import LayoutError
from card_protocol.layout import U8, U16, U32, Layout, Magic

_VERSION: Final = 1
SLOT_BYTES: Final = 512  # ours: a generation 2 copy takes 305 bytes and has room to grow
SLOT_COUNT: Final = 2
FILE_SIZE_BYTES: Final = SLOT_BYTES * SLOT_COUNT
RECORD_COUNT_MAX: Final = 30  # as many as there are short file identifiers
SEQUENCE_MAX: Final = 0xFFFF_FFFF  # the last write; no card lasts until it
TRANSPORT_PIN: Final = "7816"  # ours, the same on every card and no secret: see `PlainCarrier`
_FID_BASE: Final = 0xBE00  # ours


def plain_file(df: int) -> int:
    """Return the identifier of the file, in the MF, that replaces a secure card's `df`.

    Both end in the same byte: DF01 and BE01 are for electricity.
    """
    return _FID_BASE | df & 0xFF


@dataclass(frozen=True, slots=True)
class Head:
    """The start of every copy. `size_bytes` is all of it, head and CRC included."""

    magic: Magic
    version: U8
    record_count: U8
    sequence: U32
    size_bytes: Annotated[U16, "bytes"]


HEAD: Final = Layout("container head", Head, magic=b"PE")
# After the head: one row a record, then the records without gaps, then the CRC-32 of it all.
# +0      1     sfi               -      which record
# +1      2     size              bytes
_ROW: Final = struct.Struct(">BH")
_CRC: Final = struct.Struct(">I")
assert (HEAD.size_bytes, _ROW.size, _CRC.size) == (10, 3, 4), "container layout drifted"
_SIZE_MIN: Final = HEAD.size_bytes + _CRC.size


@final
@dataclass(frozen=True, slots=True)
class Container:
    """One whole copy: its number, and each record's bytes by short file identifier."""

    sequence: int
    records: Mapping[int, bytes]

    def to_bytes(self) -> bytes:
        """Return the copy; raise `LayoutError` when it does not fit a slot."""
        rows = b"".join(_ROW.pack(sfi, len(raw)) for sfi, raw in self.records.items())
        tail = rows + b"".join(self.records.values())
        size = _SIZE_MIN + len(tail)
        head = Head(HEAD.magic, _VERSION, len(self.records), self.sequence, size)
        _check(head)
        _require(self.sequence <= SEQUENCE_MAX, 4, "a number that is not used up", self.sequence)
        body = HEAD.build(head) + tail
        return body + _CRC.pack(crc32(body))

    def after(self, changes: Mapping[int, bytes]) -> "Container":
        """Return the next copy: `changes` written from the start of the records they name.

        Raise `LayoutError` for a missing record or one too small.
        """
        records = dict(self.records)
        for sfi, new in changes.items():
            old = self.record(sfi, len(new))
            records[sfi] = new + records[sfi][len(old) :]
        return Container(self.sequence + 1, records)

    def record(self, sfi: int, size: int) -> bytes:
        """Return the first `size` bytes of a record; raise `LayoutError` if it is shorter."""
        raw = self.records.get(sfi, b"")
        _require(len(raw) >= size, 0, f"{size} bytes of record {sfi}", len(raw))
        return raw[:size]


def parse_head(raw: bytes) -> Head:
    """Return the head in exactly `HEAD.size_bytes` bytes; raise `LayoutError` if it is not ours."""
    head = HEAD.parse(raw)
    _check(head)
    return head


def parse_container(raw: bytes) -> Container:
    """Return the copy in `raw`, exactly its bytes; raise `LayoutError` for one not whole."""
    head = parse_head(raw[: HEAD.size_bytes])
    _require(head.size_bytes == len(raw), 8, f"{len(raw)} bytes", head.size_bytes)
    said, crc = raw[-_CRC.size :], _CRC.pack(crc32(raw[: -_CRC.size]))
    if said != crc:
        expected = f"{crc.hex()}, the CRC-32 of what is before it"
        raise LayoutError(
            "container", offset=len(raw) - _CRC.size, expected=expected, got=said.hex()
        )
    end = HEAD.size_bytes + head.record_count * _ROW.size
    _require(end <= len(raw) - _CRC.size, 3, "room for the rows", head.record_count)
    records, at = {}, end
    for sfi, size in _ROW.iter_unpack(raw[HEAD.size_bytes : end]):
        records[sfi] = raw[at : at + size]
        at += size
    _require(at == len(raw) - _CRC.size, 8, f"{at + _CRC.size} bytes", len(raw))
    _require(len(records) == head.record_count, 3, "each record once", head.record_count)
    return Container(head.sequence, records)


def claimed_records(raw: bytes) -> dict[int, bytes]:
    """Return the readable records at the places in a copy's own table, unchecked."""
    places = claimed_places(raw)
    return {sfi: raw[at : at + size] for sfi, at, size in places if at + size <= len(raw)}


def claimed_places(raw: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield short file identifier, offset and size of each record that a copy's table names.

    `raw` may end early, also inside the table; nothing is checked.
    """
    try:
        count = HEAD.parse(raw[: HEAD.size_bytes]).record_count
    except LayoutError:
        return
    at = HEAD.size_bytes + count * _ROW.size
    rows = raw[HEAD.size_bytes : at]
    for row in range(0, len(rows) - _ROW.size + 1, _ROW.size):
        sfi, size = _ROW.unpack_from(rows, row)
        yield sfi, at, size
        at += size


def in_force(read: Callable[[int, int], bytes]) -> tuple[int, Container]:
    """Return the current copy and its slot; `read(offset, size)` returns bytes of the file.

    Reads both heads, then whole copies, the higher number first, until one is valid: the other one
    was torn. Raise `LayoutError` if neither is.
    """
    heads = [(slot, _head(read(slot * SLOT_BYTES, HEAD.size_bytes))) for slot in range(SLOT_COUNT)]
    found = [(slot, head) for slot, head in heads if head is not None]
    for slot, head in sorted(found, key=lambda pair: pair[1].sequence, reverse=True):
        try:
            return slot, parse_container(read(slot * SLOT_BYTES, head.size_bytes))
        except LayoutError:
            continue
    raise LayoutError("plain file", offset=0, expected="a copy that is whole", got="none")


def _head(raw: bytes) -> Head | None:
    try:
        return parse_head(raw)
    except LayoutError:
        return None


def _check(head: Head) -> None:
    _require(head.version == _VERSION, 2, f"version {_VERSION}", head.version)
    count = head.record_count
    _require(count <= RECORD_COUNT_MAX, 3, f"at most {RECORD_COUNT_MAX} records", count)
    size = head.size_bytes
    _require(_SIZE_MIN <= size <= SLOT_BYTES, 8, f"{_SIZE_MIN} to {SLOT_BYTES} bytes", size)


def _require(met: bool, offset: int, expected: str, got: int) -> None:
    if not met:
        raise LayoutError("container", offset=offset, expected=expected, got=str(got))
