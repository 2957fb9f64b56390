"""The target in the dumps of others: a layout file, and what it explains.

An input is the file itself, or a byte 00, which no file has, and what one is drawn from: most
changes of a text are no layout any more.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final, final

from card_protocol.timestamp.registry import CODECS
from card_protocol.timestamp.stamp import stamp_at
from meter_emu.errors import ConfigError, ImageError
from meter_emu.foreign.checks import CHECKS
from meter_emu.foreign.dump import cut_out, explain_dump
from meter_emu.foreign.layout_file import COUNTED, DumpLayout, load_layout
from meter_emu.fuzz.models.checks import check_value
from meter_emu.fuzz.models.dumps import (
    SaidField,
    SaidPlace,
    field_said,
    is_date,
    is_refused,
    places_said,
)
from meter_emu.fuzz.reach import must, note
from meter_emu.fuzz.scratch import scratch_file
from meter_emu.fuzz.target import Target
from meter_emu.resources import built_in
from meter_emu.rows import NOT_SHOWN, Row
from meter_emu.stories.chooser import FromBytes

_DRAWN: Final = b"\0"
_DUMP_MAX: Final = 512  # bytes, ours: every built-in layout has fewer
_FIELDS_MAX: Final = 8
_PLACES_MAX: Final = 300
_EDGES: Final = b"\0\1\x1f\x20\x7e\x7f\x80\xff"
_WHEN_MS: Final = 1_593_810_000_000
_NUMBER: Final = re.compile(r"(?<= = )\d+(?=\n|,| })")
_TYPOS: Final = (
    "", 'kind = "uint"', 'kind = "float"', 'kind = "text"', "epoch = 2000-01-01", 'codec = "days"',
    'byte_order = "little"', 'names = { x = "?" }', 'bits = { 0x1 = "on" }', "scale = 10",
    "scales = 10", 'equals = "00"', "split = [{ name = 'x', bits = 9 }]", "stride = 2", "[[field]]",
)  # fmt: skip
_REFUSED_OF_CODECS: Final = ("epoch = 2000-01-01\n", 'byte_order = "little"\n')


@final
class _Drawn:
    """A layout drawn from bytes: fields in a row, with gaps, records, checks; right or at edges."""

    def __init__(self, data: bytes) -> None:
        self._chooser: Final = FromBytes(data)
        self._at = self._number = 0

    def text(self) -> str:
        """Return it; one of three has a typo, which may make it wrong."""
        text = self._right_text()
        return self._mistyped(text) if self._chooser.below(3) == 2 else text

    def _mistyped(self, text: str) -> str:
        """Return it with a number one off, a line less or a line more."""
        chooser = self._chooser
        if (how := chooser.below(4)) > 1:
            number = chooser.of(tuple(_NUMBER.finditer(text)))
            other = int(number[0]) + (1 if how > 2 else -1)
            return f"{text[: number.start()]}{other}{text[number.end() :]}"
        lines = text.splitlines()
        at = chooser.below(len(lines))
        lines[at : at + chooser.below(2)] = [chooser.of(_TYPOS)]
        return "\n".join(lines)

    def _right_text(self) -> str:
        below = self._chooser.below
        order = self._order()
        fields = [self._field("field") for _ in range(1 + below(_FIELDS_MAX))]
        for _ in range(below(3)):
            fields.append(self._record())
        checked = self._at
        checks = [self._check(checked) for _ in range(below(3))]
        size = self._at + below(4)
        head = f'name = "drawn"\nsource = "a fuzzer"\nsize_bytes = {size}\n'
        return head + order + "".join((*fields, *checks))

    def _order(self) -> str:
        return self._chooser.of(("", 'byte_order = "little"\n', 'byte_order = "big"\n'))

    def _name(self) -> str:
        self._number += 1
        return f'name = "f{self._number}"\n'

    def _field(self, table: str) -> str:
        """Return a field, or a run of equal ones, a few bytes after what was drawn before."""
        chooser = self._chooser
        begins = self._at + chooser.of((0, 0, 0, 1, 2))
        size, more = self._reading()
        many = chooser.of((1, 1, 1, 2, 3))
        stride = size + chooser.of((0, 0, 1, 2))
        self._at = begins + (many - 1) * stride + size
        run = f"repeat = {many}\nstride = {stride}\n" if many > 1 else ""
        run += f"number_from = {chooser.below(3)}\n" if many > 1 else ""
        always = "".join(f"{chooser.below(256):02x}" for _ in range(size))
        run += f'equals = "{always}"\n' if chooser.below(6) == 5 else ""
        run += 'about = "what it is for"\n' if chooser.below(4) == 3 else ""
        return f"[[{table}]]\n{self._name()}offset = {begins}\nsize = {size}\n{more}{run}"

    def _reading(self) -> tuple[int, str]:
        """Return a size, and how what has it is read."""
        chooser = self._chooser
        size = 1 + chooser.below(chooser.of((4, 4, 9)))
        how = chooser.of(("number", "date", "split", "bcd", "float", "names", "count", "bytes"))
        if how == "date":
            codec = chooser.of(tuple(CODECS.values()))
            more = chooser.of(("",) * 10 + _REFUSED_OF_CODECS)
            return codec.size_bytes, f'codec = "{codec.name}"\n{more}'
        if how == "count":
            return min(size, chooser.of((4, 4, 5))), self._order() + self._counted()
        if how == "split":
            return size, self._order() + self._split(8 * size)
        kind = chooser.of(("uint", "int", "")) if how in {"number", "names"} else how
        kind = chooser.of((kind, kind, "bcd")) if how == "names" else kind
        if how == "bytes":
            kind = chooser.of(("bytes", "text", "secret"))
        size = chooser.of((4, 8)) if how == "float" else size
        more = (f'kind = "{kind}"\n' if kind else "") + self._order()
        if how == "names":
            return size, more + self._named(chooser.of(("names", "bits")))
        if how == "float":
            more += f'unit = "{chooser.of(("", "kWh"))}"\n'
        return size, more + (self._amount() if how in {"number", "bcd"} else "")

    def _named(self, names: str = "names") -> str:
        keys = [self._chooser.of((0, 1, 2, 0x80, 0x7F, 3)) for _ in range(2)]
        cut = 4 if self._chooser.below(12) < 11 else 2  # 0x alone is no number
        said = ", ".join(f'{hex(key)[:cut]} = "is {key}"' for key in dict.fromkeys(keys))
        return f"{names} = {{ {said} }}\n"

    def _amount(self) -> str:
        scale, unit = self._chooser.of((1, 1, 10, 100, 1000, 10**6)), self._chooser.of(("", "EUR"))
        return f'scale = {scale}\nunit = "{unit}"\n'

    def _counted(self) -> str:
        day = f"{1990 + self._chooser.below(40)}-0{1 + self._chooser.below(9)}-11"
        return f'codec = "{self._chooser.of(tuple(COUNTED))}"\nepoch = {day}\n'

    def _split(self, left: int) -> str:
        parts: list[str] = []
        hows: tuple[Callable[[], str], ...] = (
            self._counted, self._amount, self._named, str,
        )  # fmt: skip
        while left and len(parts) < 5:
            bits = min(left, self._chooser.of((1 + self._chooser.below(20), 32, 33, 64, left)))
            left -= bits
            how = self._chooser.of(hows)().replace("\n", ", ")
            parts.append(f"{{ {self._name().strip()}, bits = {bits}, {how}".rstrip(", ") + " }")
        return f"split = [{', '.join(parts)}]\n"

    def _record(self) -> str:
        begins, self._at = self._at, 0
        fields = [self._field("record.field") for _ in range(1 + self._chooser.below(3))]
        size, many = self._at + self._chooser.below(2), 1 + self._chooser.below(3)
        self._at = begins + many * size
        head = f"[[record]]\n{self._name()}offset = {begins}\nsize = {size}\nrepeat = {many}\n"
        return head + "".join(fields)

    def _check(self, checked: int) -> str:
        name, below = self._chooser.of(tuple(CHECKS)), self._chooser.below
        begins, first, how = self._at, below(checked), below(4)
        self._at += CHECKS[name].size_bytes
        last = begins + below(2) - 1 if how == 1 else first + below(checked - first)
        if how == 2:  # of what lies behind it; here and above one byte too many is refused
            first, self._at = self._at - below(2), self._at + 1 + below(2)
            last = self._at + below(2) - 1
        return (f'[[check]]\n{self._name()}algorithm = "{name}"\noffset = {begins}\n'
                f"first = {first}\nlast = {last}\n{self._order()}")  # fmt: skip


def _layout(data: bytes, _build: str) -> None:
    drawn = data[:1] == _DRAWN
    path = scratch_file("layout.toml")
    path.write_bytes(_Drawn(data[1:]).text().encode() if drawn else data)
    try:
        layout = load_layout(str(path))
    except ConfigError as error:
        must("\n" not in str(error), "a refusal is one line")
        right = data in _layouts() or (drawn and not _is_refused(_table(path)))
        must(not right, "a layout that is right is not refused", str(error))
        note("a typo" if drawn else "refused")
        return
    note("a drawn layout" if drawn else "a layout")
    table = _table(path)
    must(not _is_refused(table), "a layout that cannot be is refused")
    assert table is not None, "or it is refused"
    if layout.size_bytes > _DUMP_MAX or len(layout.cells) > _PLACES_MAX:
        return
    must((layout.name, layout.source) == (table["name"], table["source"]), "its name and source")
    _dumps(layout, places_said(table), Random(data))


def _table(path: Path) -> dict[str, Any] | None:
    """Return what a file has, `None` where it is no TOML."""
    with suppress(ValueError):
        return tomllib.loads(path.read_text("utf-8-sig"))
    return None


def _is_refused(table: dict[str, Any] | None) -> bool:
    return table is None or is_refused(table, _sizes())


@cache
def _sizes() -> dict[str, int]:
    return {name: codec.size_bytes for name, codec in CODECS.items()}


def _dumps(layout: DumpLayout, places: Sequence[SaidPlace], random: Random) -> None:
    """Explain a drawn dump, one that is right, and that with a bit flipped, inside a longer one."""
    edges = random.choices(_EDGES, k=layout.size_bytes)
    raw = bytes(edges) if random.randrange(2) else random.randbytes(layout.size_bytes)
    _explained(raw, layout, places)
    right = _right(raw, places)
    _explained(right, layout, places)
    at = random.randrange(layout.size_bytes)
    almost = right[:at] + bytes((right[at] ^ 1 << random.randrange(8),)) + right[at + 1 :]
    before, after = random.randbytes(random.randrange(1, 4)), random.randbytes(random.randrange(2))
    _explained(almost, layout, places, before, after)


def _cut_out(raw: bytes, layout: DumpLayout, before: bytes, after: bytes) -> int:
    """Ask for the dump inside a longer one; return where it begins."""
    longer, at = before + raw + after, len(before) or None
    piece, begins = cut_out(longer, layout, at, "dump")
    must((piece, begins) == (raw, len(before)), "a dump is cut out where it begins")
    others = [(raw[:-1], None), (b"\0" + raw, None), (before + raw[:-1], at),
              (raw, len(raw) + 1)]  # fmt: skip
    must(all(_has_no_place(other, layout, begin) for other, begin in others),
         "a dump of another length is refused")  # fmt: skip
    return begins


def _right(raw: bytes, places: Sequence[SaidPlace]) -> bytes:
    """Return a dump in which constants, digits, dates and check values are right."""
    right = bytearray(raw)
    for place in places:
        put = _right_bytes(place, raw[place.offset : place.offset + place.size])
        right[place.offset : place.offset + place.size] = put
    for place in places:
        if "algorithm" in place.spec:
            checked = right[place.spec["first"] : place.spec["last"] + 1]
            value, size = check_value(place.spec["algorithm"], bytes(checked))
            right[place.offset : place.offset + size] = value.to_bytes(size, place.order)  # type: ignore[arg-type]
    return bytes(right)


def _right_bytes(lies: SaidPlace, drawn: bytes) -> bytes:
    spec = lies.spec
    if "equals" in spec:
        return bytes.fromhex(spec["equals"])
    if spec.get("kind") in {"bcd", "text"}:  # two digits, or a character
        bcd = spec["kind"] == "bcd"
        return bytes(byte % 10 | 0x30 if bcd else 0x20 + byte % 0x5F for byte in drawn)
    if codec := CODECS.get(spec.get("codec", "")):
        step_ms = max(codec.step_ms, 2_000)
        carried = {"offset_min": 120, "summer": True}
        more = {name: value for name, value in carried.items() if name in codec.carries}
        if codec.first.total_ms <= _WHEN_MS <= codec.last.total_ms:
            stamp = stamp_at(_WHEN_MS - _WHEN_MS % step_ms, codec.step_ms)
            fields = {name: getattr(stamp, name) for name in type(stamp).__slots__}
            return codec.encode(type(stamp)(**fields | more))
    if spec.get("names") and lies.size == 1:
        return bytes((int(next(iter(spec["names"])), 0) & 0xFF,))
    return drawn


def _has_no_place(dump: bytes, layout: DumpLayout, at: int | None) -> bool:
    try:
        cut_out(dump, layout, at, "dump")
    except ImageError as error:
        return "\n" not in str(error)
    return False


def _explained(
    raw: bytes,
    layout: DumpLayout,
    places: Sequence[SaidPlace],
    before: bytes = b"",
    after: bytes = b"",
) -> None:
    """Ask for a row of each field that the file has, in its place, and for what it says."""
    base = _cut_out(raw, layout, before, after)
    parts = explain_dump(raw, layout, base)
    must(all(part.offset == part.rows[0].offset for part in parts), "a part begins with its rows")
    rows = [(part.name, row) for part in parts for row in part.rows]
    must(len(rows) == len(places), "a dump is explained whole")
    for (part, row), place in zip(rows, places, strict=True):
        seen = (part, row.field, row.offset - base, row.size_bytes)
        must(seen == place[:4], "each row in its place", f"{seen}, expected {place[:4]}")
        said = field_said(raw, place)
        note(said.mark)
        if said.wrong and "equals" in place.spec:
            note("not what it always is")
        _compared(row, said, raw[place.offset : place.offset + place.size])
        about = place.spec.get("about", "")
        if "algorithm" in place.spec:
            about = "{algorithm} of bytes {first} to {last}".format(**place.spec)
        must(row.about == about, "a field is for what its file says", row.about, moved=bool(about))


def _compared(row: Row, said: SaidField, piece: bytes) -> None:
    must(said.value is None or row.value == said.value, "a value is that of its bytes",
         f"{row.value}, expected {said.value}", moved=said.value is not None)  # fmt: skip
    must(said.unit is None or row.unit == said.unit, "a unit is that of its file",
         f"{row.unit}, expected {said.unit}", moved=bool(said.unit))  # fmt: skip
    if said.mark == "a secret":
        words = f"{row.value} {row.note} {row.wrong}".split()
        must(row.raw == NOT_SHOWN and piece.hex() not in words, "a secret is not shown")
        return
    run = f"{piece[0]:02x} * {len(piece)}" if len({*piece}) == 1 and len(piece) > 8 else ""
    must(row.raw in {piece.hex(), run}, "the bytes of a row are its own", row.raw)
    worded = all(one in row.wrong for one in said.wrong.split("; "))
    if said.mark == "a date":
        doubted = "*" in row.note or ("weekday" in row.wrong) == ("weekday" in said.wrong)
        must(worded and doubted, "what is wrong is said, and nothing else", f"{row}, {said}",
             moved=bool(said.wrong))  # fmt: skip
        must(_is_that_date(row.note, said.note or ""), "a date is that of its bytes",
             f"{row.note}, expected {said}")  # fmt: skip
    elif said.mark == "no date":
        must(worded and not is_date(row.note), "what is no date is none", row.note)
    else:
        must(said.note is None or row.note == said.note, "a note is that of its bytes",
             f"{row.note}, expected {said.note}", moved=bool(said.note))  # fmt: skip
        right = worded if said.wrong else not row.wrong
        must(right, "what is wrong is said, and nothing else",
             f"{row}, expected {said}", moved=bool(said.wrong))  # fmt: skip


def _is_that_date(shown: str, said: str) -> bool:
    """Whether what is shown is the date: what it leaves out is 0, what it does not say is `*`."""
    alike = all(one in {"*", other} for one, other in zip(shown, said, strict=False))
    left_out = said[len(shown) :].strip(" :.0")
    return alike and not left_out and len(shown) <= len(said) and is_date(shown.replace("*", "0"))


def _checked() -> Iterator[bytes]:
    """Yield a layout with each check value there is."""
    for name in CHECKS:
        text = (
            f'name = "x"\nsource = "x"\nsize_bytes = 20\n[[field]]\nname = "a"\noffset = 0\n'
            f'size = 3\nkind = "int"\nbyte_order = "little"\n[[field]]\nname = "s"\noffset = 3\n'
            f'size = 2\nkind = "secret"\n[[check]]\nname = "c"\nalgorithm = "{name}"\noffset = 5\n'
            f"first = 10\nlast = 18\n"
        )
        yield text.encode()


@cache
def _layouts() -> tuple[bytes, ...]:
    """Return layouts that are right: those that are built in, and one for each check value."""
    return (*(path.read_bytes() for path in built_in("layouts").values()), *_checked())


def _seeds() -> Sequence[bytes]:
    drawn = tuple(_DRAWN + Random(number).randbytes(200) for number in _SEEDS)
    return (*_layouts(), b"?", *drawn)


_SEEDS: Final = tuple(range(24))

TARGETS: Final = (
    Target(
        id="layout",
        asks="a layout file",
        oracles="one line of refusal, or a row for each field; its numbers and checks right",
        reaches=(
            "refused", "a typo", "a layout", "a drawn layout", "a check that holds",
            "a wrong check", "a number", "an amount", "digits", "no digits", "a float", "a code",
            "no such code", "bits", "bits of several numbers", "a date", "no date", "a text",
            "a secret", "not what it always is", "bytes",
        ),
        size_max=8_192,
        check=_layout,
        drawn=True,
        seeds=_seeds,
        words=(b"[[field]]", b"[[record]]", b"[[check]]", b"codec", b"repeat", b"stride", b"epoch"),
    ),
)  # fmt: skip
