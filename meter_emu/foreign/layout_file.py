"""A layout file: what lies where in somebody else's dump, as a person writes it down.

`docs/foreign-dumps.md` says what the keys mean. A layout that cannot be is refused: which field,
what is wrong with it, what was expected.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Literal, NoReturn, TypeAlias, final

import msgspec
from msgspec import Meta

from card_protocol.timestamp.counts import ByteOrder, counting
from card_protocol.timestamp.days import day_number
from card_protocol.timestamp.encoding import Codec
from card_protocol.timestamp.registry import CODECS
from card_protocol.timestamp.stamp import DAY_MS, MINUTE_MS, SECOND_MS, stamp_at
from meter_emu.errors import ConfigError
from meter_emu.foreign.checks import CHECKS, CheckKind
from meter_emu.nearest import hint
from meter_emu.resources import PRINTABLE, FileDay, find, means, read_toml

CELLS_MAX: Final = 65_536  # ours: fields after repetition
SIZE_MAX: Final = 1 << 24  # bytes, as of any image
COUNT_SIZE_MAX: Final = 4  # bytes, ours: more says years that no calendar has
COUNTED: Final = {"seconds": SECOND_MS, "minutes": MINUTE_MS, "days": DAY_MS}

FLOAT_BYTES: Final = (4, 8)  # IEEE 754, single and double
BITS_MAX: Final = 64  # ours: of one number among the bits of a field

Kind: TypeAlias = Literal["uint", "int", "float", "bcd", "bytes", "text", "secret"]
PerUnit: TypeAlias = Literal[1, 10, 100, 1000, 10_000, 100_000, 1_000_000]
_Text: TypeAlias = Annotated[str, Meta(min_length=1, pattern=PRINTABLE)]
_Offset: TypeAlias = Annotated[int, Meta(ge=0, lt=SIZE_MAX)]
_Size: TypeAlias = Annotated[int, Meta(ge=1, le=SIZE_MAX)]
_Count: TypeAlias = Annotated[int, Meta(ge=1, le=CELLS_MAX)]


class RawBits(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Some bits of a field: they follow those of the entry before, the highest bit first."""

    name: Annotated[_Text, means("used once")]
    bits: Annotated[Annotated[int, Meta(ge=1, le=BITS_MAX)], means("so many bits")]
    codec: Annotated[
        Literal["seconds", "minutes", "days"] | None, means("what it counts from its epoch")
    ] = None
    epoch: Annotated[FileDay | None, means("the day that such a count begins with")] = None
    unit: Annotated[str, Meta(pattern=PRINTABLE), means("of the number")] = ""
    scale: Annotated[PerUnit, means("the number is so many to the unit")] = 1
    names: Annotated[dict[str, _Text], means("what single numbers mean, by number")] = {}


class RawField(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A field, or a run of equal ones."""

    name: Annotated[_Text, means("used once")]
    offset: Annotated[_Offset, means("where it begins, in bytes")]
    size: Annotated[_Size, means("in bytes")]
    kind: Annotated[Kind | None, means("how it is read, where it is no date")] = None
    codec: Annotated[_Text | None, means("the encoding of a date: `list codecs` has all")] = None
    epoch: Annotated[
        FileDay | None, means("the day that a count of seconds, minutes or days begins with")
    ] = None
    byte_order: Annotated[ByteOrder | None, means("where it is not the file's")] = None
    unit: Annotated[str, Meta(pattern=PRINTABLE), means("of the number")] = ""
    scale: Annotated[PerUnit, means("the number is so many to the unit")] = 1
    names: Annotated[dict[str, _Text], means("what single numbers mean, by number")] = {}
    bits: Annotated[dict[str, _Text], means("what single bits mean, by bit")] = {}
    split: Annotated[list[RawBits], means("numbers that do not begin and end at bytes")] = []
    equals: Annotated[
        Annotated[str, Meta(pattern=r"^([0-9a-fA-F]{2})+\Z")] | None,
        means("the bytes that are always there, in hex"),
    ] = None
    repeat: Annotated[_Count, means("so many of them, one after the other")] = 1
    number_from: Annotated[_Offset, means("the number of the first of a run")] = 1
    stride: Annotated[_Size | None, means("bytes from one to the next, where not its size")] = None
    about: Annotated[str, Meta(pattern=PRINTABLE), means("what it is for")] = ""


class RawRecord(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A record of several fields, or a run of equal ones; offsets inside count from its start."""

    name: Annotated[_Text, means("used once")]
    offset: Annotated[_Offset, means("where it begins, in bytes")]
    size: Annotated[_Size, means("in bytes")]
    repeat: Annotated[_Count, means("so many of them, one after the other")] = 1
    field: Annotated[
        list[RawField], Meta(min_length=1), means("its fields; their offsets count from its start")
    ]


class RawCheck(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A checksum or CRC over the bytes from `first` to `last`, both of them included."""

    name: Annotated[_Text, means("used once")]
    algorithm: Annotated[CheckKind, means("a checksum or CRC")]
    offset: Annotated[_Offset, means("where it is, in bytes")]
    first: Annotated[_Offset, means("the first byte that it covers")]
    last: Annotated[_Offset, means("the last byte that it covers")]
    byte_order: Annotated[ByteOrder | None, means("where it is not the file's")] = None


class RawLayout(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A layout: which bytes of a dump are which field."""

    name: Annotated[_Text, means("of the dump")]
    source: Annotated[_Text, means("where the layout is from")]
    size_bytes: Annotated[_Size, means("of the whole dump")]
    byte_order: Annotated[ByteOrder, means("of numbers")] = "big"
    field: Annotated[list[RawField], means("fields outside of records")] = []
    record: Annotated[list[RawRecord], means("records of several fields")] = []
    check: Annotated[list[RawCheck], means("checksums and CRCs")] = []


@final
@dataclass(frozen=True, slots=True)
class Cell:
    """One field in its place; `spec` is a check for a check value, `None` for unknown bytes."""

    part: str
    name: str
    offset: int
    size: int
    spec: RawField | RawCheck | None
    codec: Codec | None
    order: ByteOrder

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.offset + self.size


@final
@dataclass(frozen=True, slots=True)
class DumpLayout:
    """What lies where in a dump of `size_bytes` bytes: every byte is in exactly one cell."""

    name: str
    source: str
    size_bytes: int
    cells: tuple[Cell, ...]

    def at(self, offset: int) -> Cell:
        """Return the cell that a byte belongs to."""
        return next(cell for cell in self.cells if cell.offset <= offset < cell.end)


def epoch_ms(since: date) -> int:
    """Return the milliseconds from 1970 to a day's begin."""
    return day_number(since.year, since.month, since.day) * DAY_MS


def load_layout(name_or_path: str) -> DumpLayout:
    """Return a layout from a file or a built-in one; raise `ConfigError`."""
    path = find("layouts", name_or_path)
    return resolved(read_toml(path, RawLayout), path)


def resolved(raw_layout: RawLayout, path: Path | str) -> DumpLayout:
    """Return the layout that a file describes; raise `ConfigError` where it cannot be."""
    reader = _Reader(raw_layout, str(path))
    cells = sorted(reader.cells(), key=lambda cell: (cell.offset, cell.size))
    if not cells:
        raise ConfigError(str(path), "field", "expected at least one field")
    for one, other in pairwise(cells):
        if other.offset < one.end:
            lies = f"bytes {other.offset} to {other.end - 1}"
            taken = f"{one.part}: {one.name} has {one.offset} to {one.end - 1}"
            reader.refuse(_place(other), f"{lies} overlap, {taken}")
    if cells[-1].end > raw_layout.size_bytes:
        last = (
            f"it ends with byte {cells[-1].end - 1}, the layout has {raw_layout.size_bytes} bytes"
        )
        reader.refuse(_place(cells[-1]), last)
    return DumpLayout(
        raw_layout.name, raw_layout.source, raw_layout.size_bytes, tuple(_filled(cells, raw_layout))
    )


def _place(cell: Cell) -> str:
    return f"{cell.part}: {cell.name}"


def _filled(cells: list[Cell], raw_layout: RawLayout) -> list[Cell]:
    """Return the cells and, between them, the bytes that no field explains."""
    found: list[Cell] = []
    at = 0
    for cell in (*cells, None):
        until = raw_layout.size_bytes if cell is None else cell.offset
        if at < until:
            found.append(Cell("not in the layout", "unknown", at, until - at, None, None, "big"))
        if cell is not None:
            found.append(cell)
            at = cell.end
    return found


class _Reader:
    """The layout of one file as cells, refused where something is wrong in itself."""

    def __init__(self, raw_layout: RawLayout, path: str) -> None:
        self._raw = raw_layout
        self._path = path
        self._count = 0

    def refuse(self, key: str, why: str) -> NoReturn:
        raise ConfigError(self._path, key, why)

    def cells(self) -> list[Cell]:
        found = [cell for field in self._raw.field for cell in self._field(field, self._raw.name)]
        for record in self._raw.record:
            for number in range(record.repeat):
                many = f" {number + 1} of {record.repeat}" if record.repeat > 1 else ""
                for field in record.field:
                    found += self._field(field, record.name + many, record, number)
        for check in self._raw.check:
            found.append(self._check(check))
        return found

    def _field(
        self, field: RawField, part: str, record: RawRecord | None = None, number: int = 0
    ) -> list[Cell]:
        place = f"{part}: {field.name}"
        stride = field.stride or field.size
        if stride < field.size:
            self.refuse(place, f"stride {stride} is less than its size {field.size}")
        base = field.offset
        if record is not None:
            end = field.offset + (field.repeat - 1) * stride + field.size
            if end > record.size:
                self.refuse(
                    place, f"it ends with byte {end - 1}, the record has {record.size} bytes"
                )
            base += record.offset + number * record.size
        self._count += field.repeat
        if self._count > CELLS_MAX:
            self.refuse(place, f"expected at most {CELLS_MAX} fields after repetition")
        codec = self._codec(field, place)
        self._check_words(field, place)
        return [
            Cell(
                part,
                field.name if field.repeat == 1 else f"{field.name} {at + field.number_from}",
                base + at * stride,
                field.size,
                field,
                codec,
                field.byte_order or self._raw.byte_order,
            )
            for at in range(field.repeat)
        ]

    def _codec(self, field: RawField, place: str) -> Codec | None:
        if field.codec is None:
            if field.epoch is not None:
                self.refuse(place, f"an epoch wants a codec {', '.join(COUNTED)}")
            return None
        if field.kind is not None:
            self.refuse(place, "expected a kind or a codec, not both")
        if field.codec in COUNTED:
            return self._counted(field, field.codec, place)
        if field.epoch is not None:
            self.refuse(place, f"codec {field.codec} has an epoch of its own")
        if field.byte_order is not None:
            self.refuse(place, f"codec {field.codec} has a byte order of its own")
        codec = CODECS.get(field.codec)
        if codec is None:
            near = hint(field.codec, (*CODECS, *COUNTED))
            self.refuse(place, f"no codec {field.codec!r}{near}")
        if codec.size_bytes != field.size:
            self.refuse(place, f"codec {codec.name} has {codec.size_bytes} bytes, not {field.size}")
        return codec

    def _counted(self, field: RawField, unit: str, place: str) -> Codec:
        since = field.epoch
        if since is None:
            self.refuse(place, f"codec {unit} counts from an epoch: which?")
        if field.size > COUNT_SIZE_MAX:
            self.refuse(place, f"a count has 1 to {COUNT_SIZE_MAX} bytes, got {field.size}")
        order = field.byte_order or self._raw.byte_order
        epoch = stamp_at(epoch_ms(since), MINUTE_MS)
        return counting(epoch, COUNTED[unit], field.size, order=order)

    def _check_words(self, field: RawField, place: str) -> None:
        if (field.names or field.bits) and field.kind not in {None, "uint", "int", "bcd"}:
            self.refuse(place, f"names and bits are of numbers, not of {field.kind}")
        if field.kind == "float" and field.size not in FLOAT_BYTES:
            self.refuse(place, f"a float has 4 or 8 bytes, not {field.size}")
        if field.kind == "float" and field.scale > 1:
            self.refuse(place, "a scale is of whole numbers, not of a float")
        self._check_keys((*field.names, *field.bits), place)
        if field.split:
            self._check_split(field, place)
        if field.equals is not None and len(field.equals) != 2 * field.size:
            self.refuse(place, f"equals has {len(field.equals) // 2} bytes, expected {field.size}")

    def _check_keys(self, keys: Iterable[str], place: str) -> None:
        for key in keys:
            try:
                int(key, 0)
            except ValueError:
                self.refuse(place, f"expected a number as a key, such as 1 or 0x80, got {key!r}")

    def _check_split(self, field: RawField, place: str) -> None:
        """Refuse bits that are more than the field has, or a field that is something else too."""
        words = field.names or field.bits or field.unit or field.scale > 1
        if field.codec is not None or field.kind not in {None, "uint"} or words:
            self.refuse(place, "what is split has names, units and dates in its parts alone")
        total = sum(one.bits for one in field.split)
        if total > 8 * field.size:
            self.refuse(place, f"split into {total} bits, it has {8 * field.size}")
        for one in field.split:
            part = f"{place}: {one.name}"
            self._check_keys(one.names, part)
            if (one.codec is None) != (one.epoch is None):
                self.refuse(part, "a count has a codec and an epoch, or neither")
            if one.codec is not None and one.bits > 8 * COUNT_SIZE_MAX:
                self.refuse(part, f"a count has at most {8 * COUNT_SIZE_MAX} bits, not {one.bits}")

    def _check(self, check: RawCheck) -> Cell:
        size, place = CHECKS[check.algorithm].size_bytes, f"check {check.name!r}"
        if check.last < check.first:
            self.refuse(place, f"last {check.last} is before first {check.first}")
        if check.last >= self._raw.size_bytes:
            self.refuse(place, f"last {check.last} is behind the {self._raw.size_bytes} bytes")
        if check.first < check.offset + size and check.offset <= check.last:
            self.refuse(place, f"its own bytes lie in {check.first} to {check.last}")
        order = check.byte_order or self._raw.byte_order
        return Cell(self._raw.name, check.name, check.offset, size, check, None, order)
