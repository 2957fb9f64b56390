"""Where two records of the same kind differ, by the names of their fields.

A record tells its kind by its magic and its size, so no key and no card is needed to compare two. A
MAC differs whenever anything does, so it is named only when nothing else differs.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from card_protocol.formats.clock import CLOCK
from card_protocol.formats.generations import ORDERS, layouts
from card_protocol.layout import FieldInfo, Layout

_MAC: Final = "mac"
_KINDS: Final[dict[tuple[bytes, int], Layout[Any]]] = {
    (layout.magic, layout.size_bytes): layout
    for layout in (*chain.from_iterable(layouts(number).values() for number in ORDERS), CLOCK)
}


def record_differences(then: bytes, now: bytes) -> tuple[str, ...]:
    """Return each field of `now` that is not as in `then`, in words; empty for other bytes.

    Numbers are decimal, everything else is hexadecimal.
    """
    layout = _KINDS.get((now[:2], len(now)))
    if layout is None or len(then) != len(now) or then[:2] != now[:2]:
        return ()
    other = list(_other_fields(layout, then, now))
    named = [field for field in other if field.name != _MAC] or other
    return tuple(
        f"{layout.name}: {field.name} {_value(field, now)} instead of {_value(field, then)}"
        for field in named
    )


def _other_fields(layout: Layout[Any], then: bytes, now: bytes) -> Iterator[FieldInfo]:
    return (field for field in layout.fields if _cut(field, then) != _cut(field, now))


def _cut(field: FieldInfo, raw: bytes) -> bytes:
    return raw[field.offset : field.offset + field.size_bytes]


def _value(field: FieldInfo, raw: bytes) -> str:
    part = _cut(field, raw)
    if field.kind == "bytes":
        return part.hex()
    return str(int.from_bytes(part, "big", signed=field.kind == "int"))
