"""Fixed-size byte layouts: each record is one frozen dataclass whose annotations define its bytes.

A field is `name: U16`, or `name: Annotated[U16, "cent"]` where its number has a unit. From that one
definition come the construct `Struct` that describes the record, a `struct.Struct` that runs it (an
interpreted construct build costs ten microseconds, and a meter parses its state at every poll), and
the rows of the documentation and of `show`. `tests/card_protocol/test_layout.py` proves that both
agree on every layout, byte for byte.
"""

import struct
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Annotated, Any, Final, Generic, NamedTuple, TypeAlias, TypeVar, get_type_hints

import construct as c

from card_protocol.errors import LayoutError

T = TypeVar("T")
U8: TypeAlias = Annotated[int, c.Int8ub]
U16: TypeAlias = Annotated[int, c.Int16ub]
U32: TypeAlias = Annotated[int, c.Int32ub]
U64: TypeAlias = Annotated[int, c.Int64ub]
S32: TypeAlias = Annotated[int, c.Int32sb]
S64: TypeAlias = Annotated[int, c.Int64sb]
Magic: TypeAlias = Annotated[bytes, c.Bytes(2)]


class FieldInfo(NamedTuple):
    """Where one field lies: byte offset, size in bytes, name, `uint`, `int` or `bytes`, unit."""

    offset: int
    size_bytes: int
    name: str
    kind: str
    unit: str


class Layout(Generic[T]):
    """A record of exactly `size_bytes` bytes, big-endian, with no gaps and no skipped bytes.

    `record` is a dataclass of `U8` … `S64` and `Annotated[bytes, Bytes(n)]` fields. Its first field
    is `magic`, whose bytes distinguish records.
    """

    def __init__(self, name: str, record: type[T], *, magic: bytes) -> None:
        self.name: Final = name
        self.record: Final = record
        self.magic: Final = magic
        self.fields: Final = tuple(_fields(record))
        self.definition: Final = c.Struct(*(n / sub for n, sub, _ in _annotated(record)))
        names = [field.name for field in self.fields]
        blank = {"magic": magic, "crc": 0, "reserved": self.erased("reserved")}
        self._blank: Final = {name: blank[name] for name in names if name in blank}
        assert names[0] == "magic", f"{name}: a record starts with its magic"
        assert self.fields[0].size_bytes == len(magic), f"{name}: the magic fills its field"
        self._values: Callable[[T], tuple[Any, ...]] = attrgetter(*names)
        of_bytes = [place for place, field in enumerate(self.fields) if field.kind == "bytes"]
        # The magic twice: one place alone would give the value, not a tuple.
        self._of_bytes: Callable[[tuple[Any, ...]], tuple[bytes, ...]] = itemgetter(0, *of_bytes)
        self._sizes = (len(magic), *(self.fields[place].size_bytes for place in of_bytes))
        self._struct = struct.Struct(">" + "".join(_code(field) for field in self.fields))
        self.size_bytes: Final = self._struct.size
        assert self.size_bytes == self.definition.sizeof(), f"{name}: struct and construct disagree"
        # A record is read by meter, desk and judge in turn; one that never changes is made once.
        frozen = record.__hash__ is not None
        self._parse = lru_cache(maxsize=32)(self._parsed) if frozen else self._parsed

    def parse(self, raw: bytes) -> T:
        """Return the record in `raw`; raise `LayoutError` for a wrong size or a wrong magic."""
        return self._parse(bytes(raw))  # a buffer of somebody's has no hash, and may change

    def _parsed(self, raw: bytes) -> T:
        if len(raw) != self.size_bytes:
            raise LayoutError(
                self.name, offset=0, expected=f"{self.size_bytes} bytes", got=f"{len(raw)} bytes"
            )
        if not raw.startswith(self.magic):
            got = raw[: len(self.magic)].hex()
            raise LayoutError(self.name, offset=0, expected=f"magic {self.magic.hex()}", got=got)
        return self.record(*self._struct.unpack(raw))

    def values(self, record: T) -> tuple[Any, ...]:
        """Return the values of a record's fields, in their order."""
        return self._values(record)

    def erased(self, name: str) -> bytes:
        """Return FF bytes of the size of the bytes field `name`; none where there is no such."""
        return b"\xff" * sum(field.size_bytes for field in self.fields if field.name == name)

    def filled(self, source: object = None, **given: Any) -> T:  # noqa: ANN401 - as its fields
        """Return a record of the `given` values, in its other fields the `source`'s of that name.

        If not given, its magic is the layout's, reserved bytes are erased, the CRC is left open.
        """
        return filled(self.record, source, **{**self._blank, **given})

    def build(self, record: T) -> bytes:
        """Return the bytes of `record`; raise `LayoutError` for a value its field cannot hold."""
        return self.pack(self._values(record))

    def pack(self, values: tuple[Any, ...]) -> bytes:
        """Return the bytes of a record's values; raise `LayoutError` for one that does not fit."""
        try:
            if tuple(map(len, self._of_bytes(values))) == self._sizes:
                return self._struct.pack(*values)
        except (struct.error, TypeError):
            pass  # said field by field below
        raise next(
            LayoutError(
                f"{self.name}.{field.name}",
                offset=field.offset,
                expected=f"{field.kind} of {field.size_bytes} bytes",
                got=f"{len(value)} bytes" if isinstance(value, bytes) else str(value),
            )
            for field, value in zip(self.fields, values, strict=True)
            if not _fits(field, value)
        )


def filled(record: type[T], source: object, **given: Any) -> T:  # noqa: ANN401 - as its fields
    """Return a record of the `given` values, and in its other fields the `source`'s of that name.

    `record` is a dataclass or a named tuple. A name that the source lacks is a mistake of ours.
    """
    kind: Any = record
    names = getattr(kind, "_fields", ()) or [field.name for field in fields(kind)]
    taken = {name: getattr(source, name) for name in names if name not in given}
    return record(**given, **taken)


def _annotated(record: type) -> list[tuple[str, Any, str]]:
    """Return name, construct type and unit of each field, as the class annotates them."""
    hints, found = get_type_hints(record, include_extras=True), []
    for field in fields(record):
        said = getattr(hints[field.name], "__metadata__", ())
        assert said, f"{record.__name__}.{field.name}: its annotation says no bytes"
        sub, unit = said if len(said) == 2 else (*said, "")
        found.append((field.name, sub, unit))
    return found


def _fields(record: type) -> list[FieldInfo]:
    found, offset = [], 0
    for name, sub, unit in _annotated(record):
        code = getattr(sub, "fmtstr", "")
        kind = "bytes" if not code else "uint" if code[-1].isupper() else "int"
        assert not code or code[0] == ">", f"{name}: only big-endian integers"
        found.append(FieldInfo(offset, sub.sizeof(), name, kind, unit))
        offset += sub.sizeof()
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
