"""BER-TLV data objects, the subset that file control templates use.

ISO/IEC 7816-4, "BER-TLV data objects": tags of one or two bytes, lengths in the forms `00`-`7F`,
`81 xx` and `82 xx xx`.
"""

from collections.abc import Iterable
from typing import Final

from card_protocol.errors import TlvError

VALUE_SIZE_MAX: Final = 65_535


def build(objects: Iterable[tuple[int, bytes]]) -> bytes:
    """Return tags, shortest lengths and values one after the other; raise `TlvError` if unfit."""
    return b"".join(_build_tag(tag) + _build_length(value) + value for tag, value in objects)


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
