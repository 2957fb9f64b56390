"""Explains what all clock chips of an image have in common: registers, divider, crystal.

A chip's part is its registers, eight bytes of divider phase and a byte of flags. The chip's row has
all bits, their meaning and their counters, so no bit is forgotten. `datetime` checks the date,
because the chip itself counts on from any garbage.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from meter_emu.explain.instants import moment
from meter_emu.hardware.oscillator import SECOND
from meter_emu.hardware.rtc.calendar_chip import Bits, BitsKind, CalendarChip, Counter, counters
from meter_emu.rows import Meaning, Part, Row, number
from meter_emu.world.meter.clock_chips import hour_of, shown_time, within
from meter_emu.zones import TimeZone

PHASE_A_US: Final = SECOND // 1_000_000
RUNNING: Final = 0x01


def explain_clock(chip: type[CalendarChip], raw: bytes, at: int, base: str, zone: TimeZone) -> Part:
    """Return the chip's part of an image, which lies at `at`, explained.

    `base` is what the model's registers count: `utc`, `standard` or `legal` time of `zone`.
    """
    assert len(raw) == chip.IMAGE_BYTES, "the caller knows the size"
    count = len(chip.REGISTER_NAMES)
    rows = []
    for register, name in enumerate(chip.REGISTER_NAMES):
        row = number(f"{register:02X}h {name}", at + register, raw[register : register + 1])
        rows.append(_given(chip, row, register))
    rows.append(number("phase", at + count, raw[count:-1], "fs", _phase))
    rows.append(number("flags", at + len(raw) - 1, raw[-1:], "bits", _flags))
    try:
        shown = shown_time(chip, raw)
    except ValueError as error:
        return Part("clock", at, tuple(rows), "", (f"shows no date and time: {error}",))
    still = any(sign.given(raw[sign.register]) for sign in chip.STILL)
    verb = "shows" if not still and raw[-1] & RUNNING else "stands still at"
    doubt = chip.DOUBT.given(raw[chip.DOUBT.register])
    believed = ", which is not to be believed" if doubt else ""
    return Part("clock", at, tuple(rows), f"{verb} {_words(shown, base, zone)}{believed}")


def _words(shown: datetime, base: str, zone: TimeZone) -> str:
    """Return the time for people; the registers of a base other than UTC are said as well."""
    if base == "utc":
        return moment(shown, zone)
    written = f"{shown:%Y-%m-%d %H:%M:%S}"
    if base == "standard":
        utc = shown - timedelta(minutes=zone.rule.standard_min)
        return f"{moment(utc, zone)} (its registers: {written} standard time)"
    legal = shown.replace(tzinfo=zone.info)
    return f"{written} legal, {legal.astimezone(UTC):%H:%M:%S} UTC if its season is right"


def _given(chip: type[CalendarChip], row: Row, register: int) -> Row:
    assert isinstance(row.value, int), "registers are numbers"
    byte = row.value
    meanings = [_hours(chip, byte)] if register == chip.HOURS else []
    for bits in chip.TABLE:
        if bits.register != register:
            continue
        if bits.kind is not BitsKind.FIELD or register not in counters(chip):
            meanings.append(_bits(bits, byte))
        elif register != chip.HOURS:
            mask, counter = counters(chip)[register]
            meanings.append(counter_meaning(counter, byte & mask))
    note = "; ".join(meaning.note for meaning in meanings if meaning.note)
    wrong = "; ".join(meaning.wrong for meaning in meanings if meaning.wrong)
    return replace(row, unit="bits", note=note or "all bits 0", wrong=wrong)


def _hours(chip: type[CalendarChip], byte: int) -> Meaning:
    """Explain the hours in their mode."""
    counter, bcd, pm = hour_of(chip, byte)
    half = f" {'PM' if pm else 'AM'}" if byte & chip.TWELVE_HOUR else ""
    meaning = counter_meaning(counter, bcd)
    return Meaning(meaning.note + half, meaning.wrong)


def _bits(bits: Bits, byte: int) -> Meaning:
    value = (byte & bits.mask) >> bits.low
    if not value:
        return Meaning()
    if bits.kind is BitsKind.FLAG:
        return Meaning(f"{bits.symbol}: {bits.says}")
    if bits.kind is BitsKind.UNUSED:
        return Meaning(wrong=f"unused bits {byte & bits.mask:02x} are set")
    plain = f"{bits.symbol} {value:x}h" if bits.high != bits.low else bits.symbol
    return Meaning(plain if bits.kind is BitsKind.FIELD else f"{plain}: kept, does nothing here")


def counter_meaning(counter: Counter, bcd: int) -> Meaning:
    """Explain a counter's value, and when it has none."""
    value = within(counter, bcd)
    if value is None:
        wanted = f"expected BCD {counter.first:02} to {counter.last:02}, got {bcd:02x}"
        return Meaning(counter.unit, wanted)
    name = f", {counter.names[value]}" if counter.names else ""
    return Meaning(f"{counter.unit} {value:02}{name}")


def _phase(value: int) -> Meaning:
    whole, rest = divmod(value, PHASE_A_US)
    note = f"{whole}.{rest * 1000 // PHASE_A_US:03} µs into the second"
    return Meaning(note, "" if value < SECOND else "expected less than one second, 1e15 fs")


def _flags(value: int) -> Meaning:
    unknown = value & ~RUNNING
    note = "the crystal oscillates" if value & RUNNING else "the crystal stands still"
    return Meaning(note, f"unknown bits {unknown:02x}" if unknown else "")
