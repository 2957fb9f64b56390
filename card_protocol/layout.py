"""Fixed-size byte layouts: a construct definition, a frozen dataclass, and nothing between.

construct describes; `struct` runs. The definition is the one source of offsets, sizes and the
documentation tables, and a `struct.Struct` is derived from it at import, because an interpreted
construct build costs ten microseconds and a meter parses its state at every poll.
`tests/card_protocol/test_layout.py` proves that both agree on every layout, byte for byte.
"""

import struct
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final, Generic, NamedTuple, TypeVar

import construct as c

from card_protocol.errors import LayoutError

T = TypeVar("T")


class FieldInfo(NamedTuple):
    """Where one field lies: byte offset, size in bytes, name, and `uint`, `int` or `bytes`."""

    offset: int
    size_bytes: int
    name: str
    kind: str


class Layout(Generic[T]):
    """A record of exactly `size_bytes` bytes, big-endian, with no gaps and no skipped bytes.

    `definition` holds named `Int8ub` … `Int64sb` and `Bytes(n)` fields only, in the order of the
    dataclass. The first field is `magic`, whose bytes tell record kinds apart.
    """

    def __init__(self, name: str, definition: "c.Struct", record: type[T], *, magic: bytes) -> None:
        self.name: Final = name
        self.definition: Final = definition
        self.record: Final = record
        self.magic: Final = magic
        self.fields: Final = tuple(_walk(definition))
        names = [field.name for field in self.fields]
        assert names == [f.name for f in fields(record)], f"{name}: dataclass and layout disagree"  # type: ignore[arg-type]
        assert names[0] == "magic", f"{name}: a record starts with its magic"
        assert self.fields[0].size_bytes == len(magic), f"{name}: the magic fills its field"
        self._values = attrgetter(*names)
        self._bytes_at = [at for at, field in enumerate(self.fields) if field.kind == "bytes"]
        self._bytes_sizes = [self.fields[at].size_bytes for at in self._bytes_at]
        self._struct = struct.Struct(">" + "".join(_code(field) for field in self.fields))
        self.size_bytes: Final = self._struct.size
        assert self.size_bytes == definition.sizeof(), f"{name}: struct and construct disagree"

    def parse(self, raw: bytes) -> T:
        """Return the record in `raw`; raise `LayoutError` for a wrong size or a wrong magic."""
        if len(raw) != self.size_bytes:
            raise LayoutError(
                self.name, offset=0, want=f"{self.size_bytes} bytes", got=f"{len(raw)} bytes"
            )
        got = raw[: len(self.magic)]
        if got != self.magic:
            raise LayoutError(self.name, offset=0, want=f"magic {self.magic.hex()}", got=got.hex())
        return self.record(*self._struct.unpack(raw))

    def erased(self, name: str) -> bytes:
        """Return FF bytes of the size of the bytes field `name`: what a reserved field holds."""
        return b"\xff" * next(field.size_bytes for field in self.fields if field.name == name)

    def build(self, record: T) -> bytes:
        """Return the bytes of `record`; raise `LayoutError` for a value its field cannot hold."""
        values = self._values(record)
        try:
            if [len(values[at]) for at in self._bytes_at] == self._bytes_sizes:
                return self._struct.pack(*values)
        except (struct.error, TypeError):
            pass  # said field by field below
        raise next(
            LayoutError(
                f"{self.name}.{field.name}",
                offset=field.offset,
                want=f"{field.kind} of {field.size_bytes} bytes",
                got=f"{len(value)} bytes" if isinstance(value, bytes) else str(value),
            )
            for field, value in zip(self.fields, values, strict=True)
            if not _fits(field, value)
        )


def _walk(definition: "c.Struct") -> list[FieldInfo]:
    found, offset = [], 0
    for sub in definition.subcons:
        inner: Any = sub.subcon  # type: ignore[attr-defined]  # every named field is a Renamed
        size = inner.sizeof()
        code = getattr(inner, "fmtstr", "")
        kind = "bytes" if not code else "uint" if code[-1].isupper() else "int"
        assert not code or code[0] == ">", f"{sub.name}: only big-endian integers"
        found.append(FieldInfo(offset, size, str(sub.name), kind))
        offset += size
    return found


_CODES: Final = {("uint", 1): "B", ("uint", 2): "H", ("uint", 4): "I", ("uint", 8): "Q",
                 ("int", 1): "b", ("int", 2): "h", ("int", 4): "i", ("int", 8): "q"}  # fmt: skip


def _code(field: FieldInfo) -> str:
    if field.kind == "bytes":
        return f"{field.size_bytes}s"
    return _CODES[field.kind, field.size_bytes]


def _fits(field: FieldInfo, value: object) -> bool:
    if field.kind == "bytes":
        return isinstance(value, bytes) and len(value) == field.size_bytes
    if not isinstance(value, int):
        return False
    bits = 8 * field.size_bytes
    low, high = (
        (0, (1 << bits) - 1) if field.kind == "uint" else (-(1 << bits - 1), (1 << bits - 1) - 1)
    )
    return low <= value <= high
