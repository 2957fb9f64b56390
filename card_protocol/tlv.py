"""BER-TLV data objects, as far as file control templates need them.

ISO/IEC 7816-4, "BER-TLV data objects": tags of one or two bytes, lengths in the forms `00`-`7F`,
`81 xx` and `82 xx xx`. Whatever else BER allows is refused, so a length never lies about what is
there and no loop runs longer than the bytes it reads.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from card_protocol.errors import TlvError

VALUE_SIZE_MAX: Final = 65_535


class Tlv(NamedTuple):
    """One data object. `tag` is one byte, or two whose first ends in five ones (1Fh)."""

    tag: int
    value: bytes


def parse_list(raw: bytes) -> tuple[Tlv, ...]:
    """Return the data objects that fill `raw` exactly; raise `TlvError` with the offset if not."""
    found: list[Tlv] = []
    at = 0
    while at < len(raw):
        tag, at = _parse_tag(raw, at)
        size, at = _parse_length(raw, at)
        if at + size > len(raw):
            raise TlvError(f"offset {at}: tag {tag:02X} promises {size} bytes, got {len(raw) - at}")
        found.append(Tlv(tag, bytes(raw[at : at + size])))
        at += size
    return tuple(found)


def build(objects: Iterable[tuple[int, bytes]]) -> bytes:
    """Return tags, shortest lengths and values one after the other; raise `TlvError` if unfit."""
    return b"".join(_build_tag(tag) + _build_length(value) + value for tag, value in objects)


def _parse_tag(raw: bytes, at: int) -> tuple[int, int]:
    tag = raw[at]
    if tag & 0x1F != 0x1F:
        return tag, at + 1
    if at + 1 >= len(raw):
        raise TlvError(f"offset {at}: the second tag byte is missing")
    if raw[at + 1] & 0x80:
        raise TlvError(f"offset {at}: tags of three and more bytes are not read")
    return tag << 8 | raw[at + 1], at + 2


def _parse_length(raw: bytes, at: int) -> tuple[int, int]:
    if at >= len(raw):
        raise TlvError(f"offset {at}: the length is missing")
    first = raw[at]
    if first < 0x80:
        return first, at + 1
    if first not in {0x81, 0x82}:
        raise TlvError(f"offset {at}: want a length 00 to 7F, 81 xx or 82 xx xx, got {first:02X}")
    end = at + 1 + (first & 0x0F)
    if end > len(raw):
        raise TlvError(f"offset {at}: the length is cut short")
    return int.from_bytes(raw[at + 1 : end], "big"), end


def _build_tag(tag: int) -> bytes:
    one = 0 <= tag <= 0xFF and tag & 0x1F != 0x1F
    two = 0xFF < tag <= 0xFFFF and tag >> 8 & 0x1F == 0x1F and not tag & 0x80
    if not (one or two):
        raise TlvError(f"{tag:X} is no tag of one or two bytes")
    return tag.to_bytes(1 if one else 2, "big")


def _build_length(value: bytes) -> bytes:
    size = len(value)
    if size > VALUE_SIZE_MAX:
        raise TlvError(f"a value has at most {VALUE_SIZE_MAX} bytes, got {size}")
    if size < 0x80:
        return bytes((size,))
    return bytes((0x81, size)) if size <= 0xFF else b"\x82" + size.to_bytes(2, "big")
