"""Explains what all clock chips of an image have in common: registers, divider, crystal.

A chip's part is its registers, eight bytes of divider phase and a byte of flags. Which bits there
are is the chip's own register table, so no bit is forgotten; the ranges of its counters and the
date they make are looked at here with `datetime`, for the chip itself counts on from any garbage.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, final

from meter_emu.desk.dates import ZONE
from meter_emu.explain.instants import moment
from meter_emu.hardware.oscillator import SECOND
from meter_emu.hardware.rtc.registers import Bits, BitsKind
from meter_emu.rows import Meaning, Part, Row, number

PHASE_SIZE_BYTES: Final = 8
FLAGS_SIZE_BYTES: Final = 1
PHASE_A_US: Final = SECOND // 1_000_000
RUNNING: Final = 0x01
STANDARD_AHEAD: Final = timedelta(hours=1)  # CET


class Counter(NamedTuple):
    """The range of a counter, and what it counts; `names` are those of its values, from 0."""

    first: int
    last: int
    unit: str
    names: tuple[str, ...] = ()


class Shown(NamedTuple):
    """The time that registers make: `None` for what is out of range, the year in full."""

    year: int | None
    month: int | None
    day: int | None
    hour: int | None
    minute: int | None
    second: int | None


@final
@dataclass(frozen=True, slots=True)
class Chip:
    """What is to be known of a chip to explain its bytes.

    `words` say what a flag that is set means; `doubt` and `still` say when the time is not to be
    believed and when it stands still. `fields` explains registers whose counters are no plain BCD.
    """

    names: tuple[str, ...]
    table: tuple[Bits, ...]
    counters: Mapping[str, Counter]
    words: Mapping[str, str]
    fields: Mapping[int, Callable[[int], Meaning]]
    time: Callable[[bytes], Shown]
    doubt: Callable[[bytes], bool]
    still: Callable[[bytes], bool]

    @property
    def size_bytes(self) -> int:
        """The size of the chip's part of an image."""
        return len(self.names) + PHASE_SIZE_BYTES + FLAGS_SIZE_BYTES


def explain_clock(chip: Chip, raw: bytes, at: int, base: str) -> Part:
    """Return the chip's part of an image, which lies at `at`, explained.

    `base` is what the model's registers count: `utc`, `standard` or `legal` time.
    """
    assert len(raw) == chip.size_bytes, "the caller knows the size"
    count = len(chip.names)
    rows = []
    for register, name in enumerate(chip.names):
        row = number(f"{register:02X}h {name}", at + register, raw[register : register + 1])
        rows.append(_told(chip, row, register))
    rows.append(number("phase", at + count, raw[count:-1], "fs", _phase))
    rows.append(number("flags", at + len(raw) - 1, raw[-1:], "bits", _flags))
    try:
        shown = _instant(chip.time(raw))
    except ValueError as error:
        return Part("clock", at, tuple(rows), "", (f"shows no date and time: {error}",))
    verb = "shows" if not chip.still(raw) and raw[-1] & RUNNING else "stands still at"
    doubt = ", which is not to be believed" if chip.doubt(raw) else ""
    return Part("clock", at, tuple(rows), f"{verb} {_words(shown, base)}{doubt}")


def reading(chip: Chip, raw: bytes) -> str | None:
    """Return the date and time a chip's part of an image shows, `None` when it shows none."""
    try:
        return f"{_instant(chip.time(raw)):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return None


def of_bcd(bcd: int) -> int | None:
    """Return the value of two BCD digits, `None` when a digit is above 9."""
    tens, units = divmod(bcd, 16)
    return tens * 10 + units if tens <= 9 and units <= 9 else None


def within(counter: Counter, bcd: int) -> int | None:
    """Return the value of two BCD digits, `None` when it is out of the counter's range."""
    value = of_bcd(bcd)
    return value if value is not None and counter.first <= value <= counter.last else None


def _instant(time: Shown) -> datetime:
    """Return the time as if it were UTC; raise `ValueError` for one that no calendar has."""
    year, month, day, hour, minute, second = time
    if year is None or month is None or day is None:
        raise ValueError("a counter is out of range")
    if hour is None or minute is None or second is None:
        raise ValueError("a counter is out of range")
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def _words(shown: datetime, base: str) -> str:
    """Return the time for people; the registers of a base other than UTC are said as well."""
    if base == "utc":
        return moment(shown)
    written = f"{shown:%Y-%m-%d %H:%M:%S}"
    if base == "standard":
        return f"{moment(shown - STANDARD_AHEAD)} (its registers: {written} standard time)"
    legal = shown.replace(tzinfo=ZONE)
    return f"{written} legal, {legal.astimezone(UTC):%H:%M:%S} UTC if its season is right"


def _told(chip: Chip, row: Row, register: int) -> Row:
    assert isinstance(row.value, int), "registers are numbers"
    byte = row.value
    meanings = []
    if register in chip.fields:
        meanings.append(chip.fields[register](byte))
    for bits in chip.table:
        if bits.register == register and not (
            bits.kind is BitsKind.FIELD and register in chip.fields
        ):
            meanings.append(_bits(chip, bits, byte))
    note = "; ".join(meaning.note for meaning in meanings if meaning.note)
    wrong = "; ".join(meaning.wrong for meaning in meanings if meaning.wrong)
    return replace(row, unit="bits", note=note or "all bits 0", wrong=wrong)


def _bits(chip: Chip, bits: Bits, byte: int) -> Meaning:
    value = (byte & bits.mask) >> bits.low
    if bits.kind is BitsKind.FIELD:
        return counter_meaning(chip.counters[bits.symbol], value)
    if not value:
        return Meaning()
    if bits.kind is BitsKind.FLAG:
        return Meaning(chip.words[bits.symbol])
    if bits.kind is BitsKind.UNUSED:
        return Meaning(wrong=f"unused bits {byte & bits.mask:02x} are set")
    plain = f" {value:x}h" if bits.high != bits.low else ""
    return Meaning(f"{bits.symbol}{plain}: kept, does nothing here")


def counter_meaning(counter: Counter, bcd: int) -> Meaning:
    """Explain a counter's value, and when it has none."""
    value = within(counter, bcd)
    if value is None:
        wanted = f"want BCD {counter.first:02} to {counter.last:02}, got {bcd:02x}"
        return Meaning(counter.unit, wanted)
    name = f", {counter.names[value]}" if counter.names else ""
    return Meaning(f"{counter.unit} {value:02}{name}")


def _phase(value: int) -> Meaning:
    whole, rest = divmod(value, PHASE_A_US)
    note = f"{whole}.{rest * 1000 // PHASE_A_US:03} µs into the second"
    return Meaning(note, "" if value < SECOND else "want less than one second, 1e15 fs")


def _flags(value: int) -> Meaning:
    unknown = value & ~RUNNING
    note = "the crystal oscillates" if value & RUNNING else "the crystal stands still"
    return Meaning(note, f"unknown bits {unknown:02x}" if unknown else "")
