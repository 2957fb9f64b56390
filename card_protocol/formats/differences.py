"""Where two records of the same kind differ, by the names of their fields.

The kind of a record follows from its magic and its size, and a copy of a plain card's records says
where each lies, so comparing two needs only the known layouts, no key and no card. A MAC differs
whenever anything does, so it is named only when nothing else differs.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, TypeAlias

from card_protocol.errors import TimestampError
from card_protocol.formats.container import claimed_places
from card_protocol.layout import FieldInfo, Layout
from card_protocol.timestamp import unpack_minute

_MAC: Final = "mac"
_PACKED: Final = "packed"  # the unit of a minute that no person reads as a number
_Kinds: TypeAlias = dict[tuple[bytes, int], Layout[Any]]


class _Piece(NamedTuple):
    """A record among bytes that were written: what it is, and where it begins."""

    layout: Layout[Any]
    at: int


def record_differences(then: bytes, now: bytes, layouts: Iterable[Layout[Any]]) -> tuple[str, ...]:
    """Return each field of `now` that differs from `then`, in words; empty for other bytes.

    Both are a record of one of these layouts, or the written part of a plain card's copy. Numbers
    are decimal, minutes that are packed are dates, everything else is hexadecimal.
    """
    kinds = {(layout.magic, layout.size_bytes): layout for layout in layouts}
    pieces = list(_pieces(now, kinds))
    if len(then) != len(now) or list(_pieces(then, kinds)) != pieces:
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


def _pieces(raw: bytes, kinds: _Kinds) -> Iterator[_Piece]:
    whole = _layout(raw[:2], len(raw), kinds)
    if whole is not None:
        yield _Piece(whole, 0)
        return
    for _, at, size in claimed_places(raw):
        layout = _layout(raw[at : at + 2], size, kinds)
        if layout is not None:
            yield _Piece(layout, at)


def _layout(begins: bytes, size: int, kinds: _Kinds) -> Layout[Any] | None:
    return kinds.get((begins, size)) or kinds.get((begins[:1], size))


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
