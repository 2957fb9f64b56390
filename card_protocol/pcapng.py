"""A recorded dialogue as a capture file that Wireshark and tshark dissect as ISO/IEC 7816.

pcapng as the IETF opsawg draft has it, link type 252 (LINKTYPE_WIRESHARK_UPPER_PDU): each packet
begins with tags that name the dissector (12) and the direction (35), as Wireshark's
`epan/exported_pdu.h` numbers them. GSMTAP would be wrong: it means a SIM, with other commands.

A packet's time is the true one if it is known; else what the terminal's clock showed, taken as UTC;
else that of the row before. A command's comment is what its row means. Secrets are 00, and a
comment of the packet says that they were hidden.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from struct import pack
from typing import Final

from msgspec import UNSET

from card_protocol.trace import Exchanged, Reset, Torn, TraceRow, reveal

LINK_TYPE_UPPER_PDU: Final = 252
_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_BYTE_ORDER: Final = 0x1A2B3C4D
_SIZE_UNKNOWN: Final = 0xFFFF_FFFF_FFFF_FFFF
_TAG_END, _TAG_DISSECTOR, _TAG_DIRECTION = 0, 12, 35
_OPTION_END, _OPTION_COMMENT = 0, 1
_COMMENT_BYTES_MAX: Final = 1_000  # ours: a line to read; the option has room for 65,535
_TO_CARD, _FROM_CARD = 0, 1
_COMMANDS, _ANSWER_TO_RESET = b"iso7816", b"iso7816.atr"
_HIDDEN: Final = "the bytes 00 at the end of this packet stand for a secret that was not recorded"
_US: Final = 1_000_000


def capture(rows: Iterable[TraceRow]) -> Iterator[bytes]:
    """Yield the file: its header blocks, then one packet at a time.

    A packet is a reset that was answered, a command or an answer.
    """
    section = pack("<IHHQ", _BYTE_ORDER, 1, 0, _SIZE_UNKNOWN)
    interface = pack("<HHI", LINK_TYPE_UPPER_PDU, 0, 0)
    yield _block(_SECTION, section) + _block(_INTERFACE, interface)
    at_us = 0
    for row in rows:
        at_us = _us(row.at, at_us) if row.us is UNSET else row.us
        if isinstance(row, Reset) and row.atr:
            yield _packet(row.atr, _ANSWER_TO_RESET, _FROM_CARD, at_us)
        elif isinstance(row, Exchanged | Torn):
            yield _packet(row.command, _COMMANDS, _TO_CARD, at_us, row.means)
        if isinstance(row, Exchanged) and row.answer is not UNSET:
            yield _packet(row.answer, _COMMANDS, _FROM_CARD, at_us)


def _us(at: str | None, before_us: int) -> int:
    """Return a clock's reading in µs since 1970; an invalid one has the time before it."""
    try:
        shown = datetime.fromisoformat(at or "").replace(tzinfo=UTC)
    except ValueError:
        return before_us
    return max(0, int(shown.timestamp()) * _US)


def _packet(text: str, dissector: bytes, direction: int, at_us: int, means: str = "") -> bytes:
    data = (
        _tag(_TAG_DISSECTOR, _padded(dissector))
        + _tag(_TAG_DIRECTION, pack(">I", direction))
        + _tag(_TAG_END, b"")
        + reveal(text)
    )
    high, low = divmod(at_us, 1 << 32)
    head = pack("<IIIII", 0, high, low, len(data), len(data))
    comments = [comment for comment in (means, _HIDDEN if "xx" in text else "") if comment]
    options = b"".join(map(_comment, comments))
    end = pack("<HH", _OPTION_END, 0) if options else b""
    return _block(_PACKET, head + _padded(data) + options + end)


def _comment(text: str) -> bytes:
    """Return a comment option, the text cut to one readable line."""
    raw = text.encode()[:_COMMENT_BYTES_MAX].decode(errors="ignore").encode()
    return pack("<HH", _OPTION_COMMENT, len(raw)) + _padded(raw)


def _tag(code: int, value: bytes) -> bytes:
    """Return a tag of an exported PDU, big-endian; readers expect no padding."""
    return pack(">HH", code, len(value)) + value


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _block(kind: int, body: bytes) -> bytes:
    size = pack("<I", len(body) + 12)
    return pack("<I", kind) + size + body + size
