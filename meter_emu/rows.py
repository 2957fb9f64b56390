"""Bytes explained, as rows: a field's place, value, meaning and fault.

The office explains a card with it and the world a meter; it knows neither, only shapes that both
have (codes, bits, amounts, dates). Rows never raise: people look at an image to find a wrong byte,
so the fault is noted next to its field and the next field is explained all the same. Two images of
one layout are compared row by row, so what `show` explains is what `diff` compares.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, ClassVar, Final, NamedTuple, Protocol, TypeAlias, TypeVar, final

from card_protocol.errors import CardProtocolError
from card_protocol.layout import Layout
from card_protocol.timestamp import MINUTES_NONE, decode_bcd_minute
from meter_emu.energies import BY_CODE, WATT_HOURS, Energy
from meter_emu.units import decimal

NOT_SHOWN: Final = "not shown"
ERASED: Final = 0xFF
SQUEEZED_FROM_BYTES: Final = 8  # ours: what fits into the hex column is shown as it is
_SAY_NOTHING: Final = {"bits", "packed"}  # to people, as numbers
_EPOCH_2000: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Meaning(NamedTuple):
    """What a value means, and its fault."""

    note: str = ""
    wrong: str = ""


MeaningOf: TypeAlias = Callable[[Any], Meaning]


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One field: where it lies, what it holds, in which unit, what that means, what is wrong.

    `raw` is hex (a long run of one byte is `ff * 109`), or `NOT_SHOWN` for a secret. `divisible`
    bytes have no meaning as a whole: of them a comparison names only those that differ. `about`
    says what the field is for, whatever it holds. A number that may be negative is `signed`.
    """

    offset: int
    size_bytes: int
    field: str
    raw: str
    value: int | str
    unit: str = ""
    note: str = ""
    wrong: str = ""
    divisible: bool = False
    about: str = ""
    signed: bool = False

    @property
    def meaning(self) -> str:
        """What the field holds, for people who see `raw` next to it."""
        if not self.note:
            plain = "" if self.value == self.raw else str(self.value)
            return f"{plain} {self.unit}".strip()
        if isinstance(self.value, str) or self.unit in _SAY_NOTHING or " since " in self.unit:
            return self.note  # neither does a count since an epoch
        return f"{self.note} ({self.value} {self.unit})" if self.unit else self.note


@final
@dataclass(frozen=True, slots=True)
class Part:
    """Rows that belong together; `said` and `wrong` are about all of them."""

    name: str
    offset: int
    rows: tuple[Row, ...]
    said: str = ""
    wrong: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        """The number of bytes that the rows explain."""
        return sum(row.size_bytes for row in self.rows)

    @property
    def sound(self) -> bool:
        """Whether no row has a fault."""
        return not self.wrong and not any(row.wrong for row in self.rows)


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """One field that two images hold differently, as each explains it, and the part it is in."""

    part_a: Part
    part_b: Part
    a: Row
    b: Row


def number(
    field: str,
    at: int,
    raw: bytes,
    unit: str = "",
    explain: MeaningOf | None = None,
    *,
    signed: bool = False,
) -> Row:
    """Return the row of a big-endian integer."""
    value = int.from_bytes(raw, "big", signed=signed)
    meaning = (explain or nothing)(value)
    return Row(
        at, len(raw), field, raw.hex(), value, unit, meaning.note, meaning.wrong, signed=signed
    )


def octets(
    field: str, at: int, raw: bytes, unit: str = "", explain: MeaningOf | None = None
) -> Row:
    """Return the row of bytes that are no integer."""
    meaning = (explain or nothing)(raw)
    shown = squeezed(raw)
    return Row(at, len(raw), field, shown, shown, unit, meaning.note, meaning.wrong)


def squeezed(raw: bytes) -> str:
    """Return bytes as hex, and a long run of one byte as `ff * 109`."""
    if len(raw) > SQUEEZED_FROM_BYTES and len(set(raw)) == 1:
        return f"{raw[0]:02x} * {len(raw)}"
    return raw.hex()


def secret(field: str, at: int, raw: bytes) -> Row:
    """Return the row of a key or a PIN, which holds nothing of it."""
    return Row(at, len(raw), field, NOT_SHOWN, f"{len(raw)} bytes, {NOT_SHOWN}")


def rows_of(
    layout: Layout[Any], raw: bytes, meanings: Mapping[str, MeaningOf], *, at: int = 0
) -> tuple[Row, ...]:
    """Return a row for each field of a record that lies at `at`, whatever its bytes are.

    The name of its field, or else its unit, says what a value means: `meanings` has both, and
    `UNITS` the units that mean the same everywhere. The rest are plain numbers and plain bytes.
    """
    assert len(raw) == layout.size_bytes, "the caller knows the size"
    rows, meanings = [], {**UNITS, **meanings}
    for field in layout.fields:
        piece = raw[field.offset : field.offset + field.size_bytes]
        explain = meanings.get(field.name) or meanings.get(field.unit, nothing)
        where = at + field.offset
        if explain is hidden:
            rows.append(secret(field.name, where, piece))
        elif field.kind == "bytes":
            rows.append(octets(field.name, where, piece, field.unit, explain))
        else:
            signed = field.kind == "int"
            rows.append(number(field.name, where, piece, field.unit, explain, signed=signed))
    return tuple(rows)


def moved(rows: Iterable[Row], by: int) -> tuple[Row, ...]:
    """Return the rows as they lie in something larger."""
    return tuple(replace(row, offset=row.offset + by) for row in rows)


class _Explained(Protocol):
    """A dataclass that has rows: a part of an image, or a record at a desk."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def rows(self) -> tuple[Row, ...]: ...


_ExplainedT = TypeVar("_ExplainedT", bound=_Explained)


def of_energy(part: _ExplainedT, energy: Energy) -> _ExplainedT:
    """Return the part with its units and words as this energy has them."""
    said = energy.said
    rows = (
        replace(row, unit=said(row.unit), note=said(row.note), about=said(row.about))
        for row in part.rows
    )
    return replace(part, rows=tuple(rows))


def of_own_energy(parts: Sequence[_ExplainedT]) -> tuple[_ExplainedT, ...]:
    """Return all parts of a card in the words of the energy that its identity names, if any."""
    codes = [row.value for part in parts for row in part.rows if row.field == "energy"]
    known = [BY_CODE[code] for code in codes if isinstance(code, int) and code in BY_CODE]
    return tuple(of_energy(part, known[0]) for part in parts) if known else tuple(parts)


def differences(
    a: Sequence[Part], b: Sequence[Part], raw_a: bytes, raw_b: bytes
) -> Iterator[Difference]:
    """Yield the fields in which two images of one layout differ, in their order.

    Bytes are compared, not words, so secrets are compared too and stay unsaid.
    """
    for part_a, part_b in zip(a, b, strict=True):
        for row_a, row_b in zip(part_a.rows, part_b.rows, strict=True):
            place = slice(row_a.offset, row_a.offset + row_a.size_bytes)
            assert row_b.offset == row_a.offset, "both lie alike"
            assert row_b.size_bytes == row_a.size_bytes, "both lie alike"
            if raw_a[place] == raw_b[place]:
                continue
            if row_a.raw == NOT_SHOWN:
                row_b = replace(row_b, value=f"{row_b.value}, another")  # noqa: PLW2901
            if row_a.divisible:
                row_a, row_b = _narrowed(row_a, row_b, raw_a[place], raw_b[place])  # noqa: PLW2901
            yield Difference(part_a, part_b, row_a, row_b)


def _narrowed(row_a: Row, row_b: Row, raw_a: bytes, raw_b: bytes) -> tuple[Row, Row]:
    """Return the rows of the first to the last byte that differ."""
    unlike = [at for at, (one, other) in enumerate(zip(raw_a, raw_b, strict=True)) if one != other]
    first, end = unlike[0], unlike[-1] + 1
    return (
        octets(row_a.field, row_a.offset + first, raw_a[first:end]),
        octets(row_b.field, row_b.offset + first, raw_b[first:end]),
    )


# What values mean ---------------------------------------------------------------------------------


def nothing(_value: Any) -> Meaning:  # noqa: ANN401 - an integer or bytes
    """Explain nothing: a plain number."""
    return Meaning()


def hidden(_value: Any) -> Meaning:  # noqa: ANN401 - an integer or bytes
    """Mark a secret in a table of meanings; it is never called."""
    raise AssertionError("a secret is not explained")


def named(names: Mapping[int, str]) -> MeaningOf:
    """Explain the name of a code."""

    def explain(value: int) -> Meaning:
        if value in names:
            return Meaning(names[value])
        return Meaning(
            wrong=f"no such code, expected one of {', '.join(str(code) for code in names)}"
        )

    return explain


def energy_named(code: int) -> Meaning:
    """Explain the code of an energy."""
    return named({known: energy.name for known, energy in BY_CODE.items()})(code)


def bits(names: Mapping[int, str]) -> MeaningOf:
    """Explain the names of the bits that are set."""

    known = reduce(or_, names, 0)  # a mask of several bits may share some with another

    def explain(value: int) -> Meaning:
        unknown = value & ~known
        note = ", ".join(name for bit, name in names.items() if value & bit) or "none"
        return Meaning(note, f"unknown bits {unknown:02x}" if unknown else "")

    return explain


def civil(raw: bytes) -> Meaning:
    """Explain a date and time `YYMMDDhhmm` that must exist in the calendar."""
    try:
        when = decode_bcd_minute(raw)
        if when is None:
            return Meaning("none")
        datetime(*when, tzinfo=UTC)
    except (CardProtocolError, ValueError) as error:
        return Meaning(wrong=str(error))
    return Meaning(str(when))


def minute_2000(value: int) -> Meaning:
    """Explain minutes since 2000-01-01 00:00 UTC."""
    if value == MINUTES_NONE:
        return Meaning("none")
    try:
        return Meaning(f"{_EPOCH_2000 + timedelta(minutes=value):%Y-%m-%d %H:%M} UTC")
    except OverflowError:  # datetime ends with the year 9999, the field in 10166
        return Meaning("after 9999")


def second_2000(value: int) -> Meaning:
    """Explain seconds since 2000-01-01 00:00 UTC, 32 bits of them."""
    return Meaning(f"{_EPOCH_2000 + timedelta(seconds=value):%Y-%m-%d %H:%M:%S} UTC")


def amount(per_euro: int) -> MeaningOf:
    """Explain an amount of so many to the euro."""
    return lambda value: Meaning(f"{decimal(value, per_euro)} EUR")


def price(value: int) -> Meaning:
    """Explain a price in micro-euro per watt-hour."""
    return Meaning(
        f"{decimal(value, 1000)} EUR/{WATT_HOURS.kilo}", "" if value else "a price of nothing"
    )


def zero(value: int) -> Meaning:
    """Explain a field that is always 0."""
    return Meaning(wrong="expected 0" if value else "")


def text(raw: bytes) -> Meaning:
    """Explain ASCII padded with 00; what a terminal would obey is written out."""
    shown = "".join(
        chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in raw.rstrip(b"\0")
    )
    plain = all(0x20 <= byte < 0x7F for byte in raw.rstrip(b"\0"))
    return Meaning(shown, "" if plain else "expected printable ASCII")


def unused(raw: bytes) -> Meaning:
    """Explain bytes that are kept for later and hold FF."""
    return (
        Meaning("unused, FF")
        if set(raw) <= {ERASED}
        else Meaning("unused", "expected FF in every byte")
    )


UNITS: Final[Mapping[str, MeaningOf]] = {
    "cent": amount(100),
    "micro-euro": amount(1_000_000),
    "micro-euro/Wh": price,
    "YYMMDDhhmm": civil,
    "min since 2000 UTC": minute_2000,
    "s since 2000 UTC": second_2000,
}
