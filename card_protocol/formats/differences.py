"""Where two records of the same kind differ, by the names of their fields.

The kind of a record follows from its magic and its size, and a copy of a plain card's records says
where each lies, so no key and no card is needed to compare two. A MAC differs whenever anything
does, so it is named only when nothing else differs.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any, Final, NamedTuple

from card_protocol.errors import TimestampError
from card_protocol.formats.budget.compact import DESK_PART, IDENTITY_PART, METER_PART
from card_protocol.formats.budget.generations import ORDERS, layouts
from card_protocol.formats.clock import CLOCK
from card_protocol.formats.container import claimed_places
from card_protocol.layout import FieldInfo, Layout
from card_protocol.timestamp import unpack_minute

_MAC: Final = "mac"
_PACKED: Final = "packed"  # the unit of a minute that no person reads as a number
_KINDS: Final[dict[tuple[bytes, int], Layout[Any]]] = {
    (layout.magic, layout.size_bytes): layout
    for layout in (
        *chain.from_iterable(layouts(number).values() for number in ORDERS),
        *(CLOCK, IDENTITY_PART, DESK_PART, METER_PART),
    )
}


class _Piece(NamedTuple):
    """A record among bytes that were written: what it is, and where it begins."""

    layout: Layout[Any]
    at: int


def record_differences(then: bytes, now: bytes) -> tuple[str, ...]:
    """Return each field of `now` that is not as in `then`, in words; empty for other bytes.

    Both are a record, a part of a memory card, or a plain card's copy as far as it was written.
    Numbers are decimal, minutes that are packed are dates, everything else is hexadecimal.
    """
    pieces = list(_pieces(now))
    if len(then) != len(now) or list(_pieces(then)) != pieces:
        return ()
    other = [
        (piece, field)
        for piece in pieces
        for field in piece.layout.fields
        if _cut(piece, field, then) != _cut(piece, field, now)
    ]
    named = [one for one in other if one[1].name != _MAC] or other
    return tuple(
        f"{piece.layout.name}: {field.name} {_value(piece, field, now)}"
        f" instead of {_value(piece, field, then)}"
        for piece, field in named
    )


def _pieces(raw: bytes) -> Iterator[_Piece]:
    whole = _layout(raw[:2], len(raw))
    if whole is not None:
        yield _Piece(whole, 0)
        return
    for _, at, size in claimed_places(raw):
        layout = _layout(raw[at : at + 2], size)
        if layout is not None:
            yield _Piece(layout, at)


def _layout(begins: bytes, size: int) -> Layout[Any] | None:
    return _KINDS.get((begins, size)) or _KINDS.get((begins[:1], size))


def _cut(piece: _Piece, field: FieldInfo, raw: bytes) -> bytes:
    at = piece.at + field.offset
    return raw[at : at + field.size_bytes]


def _value(piece: _Piece, field: FieldInfo, raw: bytes) -> str:
    part = _cut(piece, field, raw)
    if len(part) < field.size_bytes:
        return f"{part.hex()}..."  # the rest is in the next command
    if field.kind == "bytes":
        return part.hex()
    number = int.from_bytes(part, "big", signed=field.kind == "int")
    if field.unit == _PACKED:
        try:
            return str(unpack_minute(number) or "none")
        except TimestampError:
            pass
    return str(number)
