"""Explains the program's records in the EEPROM of a meter: factory record, both state copies.

Names and units are those of `docs/meter-image.md`, repeated here. Which copy counts is computed by
that page too, not by the program, so the two check each other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import IntEnum
from functools import cache
from typing import Final, NamedTuple

from card_protocol.errors import TimestampError
from card_protocol.timestamp import BCD_MINUTE_SIZE_BYTES, BCD_NONE, decode_bcd_minute
from meter_emu.domain import Result
from meter_emu.energies import WATT_HOURS
from meter_emu.explain.instants import (
    NO_MINUTE,
    day_2000,
    later_minute_1970,
    legal_minute_2000,
    legal_second_2000,
    minute_1970,
    minute_of_day,
)
from meter_emu.firmware.layouts import (
    EVENT_COUNT,
    EVENT_SIZE_BYTES,
    FACTORY,
    LAYOUT_VERSION,
    STATE,
    EnergyAccount,
    EventCode,
    FactoryFlags,
    Health,
    Rate,
    StateFlags,
    Supply,
    crc_holds,
    masks_of,
)
from meter_emu.firmware.memory import is_newer
from meter_emu.rows import (
    ERASED,
    Meaning,
    MeaningOf,
    Part,
    Row,
    bits,
    civil,
    energy_named,
    hidden,
    named,
    number,
    octets,
    rows_of,
    text,
    unused,
)
from meter_emu.units import MWH_PER_WH, decimal
from meter_emu.zones import TimeZone

_END_MINUTE: Final = slice(BCD_MINUTE_SIZE_BYTES, BCD_MINUTE_SIZE_BYTES + 4)
LOADED: Final = "the program loads it"  # how what is said of a copy ends, of the one that counts
NO_EVENT_NOTE: Final = "no event"
_NO_EVENT: Final = b"\xff" * EVENT_SIZE_BYTES
_OR_MORE: Final = 0xFFFFFF


# Fields -------------------------------------------------------------------------------------------


def _words(enum: type[IntEnum]) -> dict[int, str]:
    """Return the names of codes as the documentation writes them."""
    return {int(one): _word(str(one.name)) for one in enum}


def _bit_words(flags: type) -> dict[int, str]:
    """Return the names of bits as the documentation writes them."""
    return {mask: _word(name) for name, mask in masks_of(flags).items()}


def _word(name: str) -> str:
    return name.lower().replace("_", " ")


def thousand(unit: str) -> MeaningOf:
    """Explain an amount in units a thousand times as large."""
    return lambda value: Meaning(f"{decimal(value, 1000)} {unit}")


def _magic(want: bytes) -> MeaningOf:
    def explain(raw: bytes) -> Meaning:
        good = raw == want
        return Meaning(
            text(raw).note, "" if good else f"expected {want.hex()}, {want.decode('ascii')}"
        )

    return explain


def _version(value: int) -> Meaning:
    return Meaning(wrong="" if value == LAYOUT_VERSION else f"expected {LAYOUT_VERSION}")


def _not_zero(value: int) -> Meaning:
    return Meaning(wrong="" if value else "expected 1 or more")


def _below_a_wh(mwh: int) -> Meaning:
    return Meaning(wrong="" if mwh < MWH_PER_WH else f"expected less than {MWH_PER_WH}")


def _minutes(count: int) -> Meaning:
    hours, minutes = divmod(count, 60)
    return Meaning(f"{hours} h {minutes} min")


# What to say of a field, by its name, or of all in a unit, where `rows.UNITS` does not say it.
_UNITS: Final[Mapping[str, MeaningOf]] = {
    "Wh": thousand(WATT_HOURS.kilo),
    "ppb": lambda ppb: Meaning(f"{ppb * 86_400 // 10**7 / 100:.2f} s a day"),
    "min": minute_of_day,
    "d since 2000": day_2000,
}
FACTORY_MEANINGS: Final[Mapping[str, MeaningOf]] = {
    **_UNITS,
    "magic": _magic(FACTORY.magic),
    "version": _version,
    "energy": energy_named,
    "model": text,
    "meter_id": _not_zero,
    "flags": bits(_bit_words(FactoryFlags)),
    "rtc_base": named({0: "utc", 1: "standard", 2: "legal"}),
    "rearm_key": bits({1: "blue", 2: "red"}),
    "key_meter_auth": hidden,
    "key_card_auth": hidden,
    "key_desk_record": hidden,
    "key_meter_record": hidden,
    "key_reactivation": hidden,
    "connection_w": _not_zero,
    "shelter_longest_min": lambda count: _minutes(count) if count else _not_zero(count),
    "reserved": unused,
}


@cache
def state_meanings(zone: TimeZone) -> Mapping[str, MeaningOf]:
    """Return the same for the state record of a meter in this zone."""

    def second(value: int) -> Meaning:
        return legal_second_2000(value, zone)

    return {
        **_UNITS,
        "s since 2000 UTC": second,
        "magic": _magic(STATE.magic),
        "version": _version,
        "flags": bits(_bit_words(StateFlags)),
        "clock_card_s": lambda value: second(value) if value else Meaning("never"),
        "health": named(_words(Health)),
        "lost_by": named(_words(Health)),
        "sheltered_min": _minutes,
        "supply": named(_words(Supply)),
        "account": named(_words(EnergyAccount)),
        "order_result": named(_words(Result)),
        "mwh_per_unit": _not_zero,
        "remainder_mwh": _below_a_wh,
        "rate": named(_words(Rate)),
        "powered_from_min": _minutes,
    }


# What fields are for, where the name alone does not say it.
ABOUT: Final[Mapping[str, str]] = {
    "limiter_ampere": "a granted limiter lets through",
    "window_start_minute": "non-disconnection begins",
    "window_end_minute": "it ends, the next morning",
    "drift_bound_ppb": "how fast the clock may run off",
    "trust_max_days": "an older setting is not believed",
    "outage_max_days": "a longer outage is not believed",
    "emergency_cents": "emergency credit",
    "load_max_cents": "the most one load may bring",
    "low_credit_cents": "it beeps at or below",
    "rtc_base": "what the clock counts",
    "rearm_key": "the button that asks for supply",
    "rearm_hold_ms": "held so long; 0 is a press",
    "tightness_s": "the flow is watched so long; 0 is no test",
    "connection_w": "what the connection carries at most",
    "shelter_longest_min": "the longest run of the non-disconnection hours",
    "night_start_minute": "the night price begins",
    "night_end_minute": "it ends, the next morning",
    "sequence": "the save, meanings the newer copy",
    "last_time_s": "the time journalled last",
    "last_ticks_ms": "the tick counter then",
    "last_day": "the day journalled last",
    "clock_set_s": "when the clock was last set",
    "set_error_s": "how wrong it may have been then",
    "clock_card_s": "the newest clock card obeyed",
    "health": "of the clock",
    "account": "where energy now flowing is booked",
    "order_result": "of the last order",
    "booked_units": "the register when last booked",
    "charged_wh": "paid from the balance",
    "deferred_wh": "used while a deferral held",
    "postpaid_wh": "used with prepayment off",
    "balance_ueur": "what is left",
    "charged_ueur": "ever taken from the balance",
    "emergency_debt_ueur": "emergency credit to repay",
    "accepted_cents": "ever loaded from the card",
    "accepted_count": "so many loads were that",
    "order_number": "the last order executed",
    "card_number": "the highest card number obeyed",
    "night_price_ueur_per_wh": "in the night hours; the same is mono-hourly",
    "night_wh": "of all energy, at the night rate",
    "charged_night_wh": "of what was paid, at the night rate",
    "rate": "what energy now flowing costs",
    "untimed_wh": "of all energy, used without a trusted clock",
    "price_ueur_per_wh": "the price, by day if bi-hourly",
    "mwh_per_unit": "energy in one unit of the register",
    "remainder_mwh": "booked, but no whole Wh yet",
    "tariff_number": "the tariff it belongs to",
    "defer_end.civil": "no disconnection until then",
    "cut_end.civil": "cut then unless reactivated",
    "latched_end.civil": "the cut that was latched",
    "certain_s": "passed for certain: no clock card goes behind it",
    "refused_stamp_min": "the latest date of the desk that was refused",
    "sheltered_wh": "used while the hours alone kept the supply on",
    "sheltered_min": "with power in the same time",
    "powered_from_min": "sheltered_min at the last power-up",
    "sheltered_ticks_ms": "the ticks up to which that is counted",
    "doubted_from_wh": "untimed_wh when the clock was last trusted",
    "lost_by": "why the clock went on as a lower bound",
    "order_mac": "the MAC of the last order executed",
    "shown_session": "the last session that was written back to a card",
}


# An end and an event ------------------------------------------------------------------------------


def _end(row: Row, raw: bytes, label: str, zone: TimeZone) -> Iterator[Row]:
    """Yield the three pieces of an end; its two times must be one instant."""
    at, announced, rest = row.offset, raw[: _END_MINUTE.start], raw[_END_MINUTE.stop :]
    meaning = civil(announced)
    legal = "" if announced == BCD_NONE or meaning.wrong else " legal"
    note = f"{label}: {meaning.note or 'no date'}{legal}"

    def minute_meaning(value: int) -> Meaning:
        return Meaning(minute_1970(value, zone).note, _apart(announced, value, zone))

    minute = number(
        f"{row.field}.utc_min",
        at + _END_MINUTE.start,
        raw[_END_MINUTE],
        "min since 1970 UTC",
        minute_meaning,
    )
    yield octets(
        f"{row.field}.civil", at, announced, "YYMMDDhhmm", lambda _: meaning._replace(note=note)
    )
    yield minute
    yield octets(f"{row.field}.reserved", at + _END_MINUTE.stop, rest, explain=unused)


def _apart(civil_raw: bytes, minute: int, zone: TimeZone) -> str:
    """Return what is wrong with an end whose civil time is another instant than its minute."""
    try:
        when = decode_bcd_minute(civil_raw)
    except TimestampError:
        return ""  # said next to the civil time
    want = NO_MINUTE if when is None else later_minute_1970(when, zone)
    return "" if want in (None, minute) else f"the civil time is another instant, minute {want}"


def _detail(code: int, value: int) -> Meaning:
    """Explain the detail of an event."""
    if code == EventCode.ORDER_EXECUTED:
        return Meaning(f" number {value}")
    if code == EventCode.CREDIT_LOADED:
        more = " or more" if value == _OR_MORE else ""
        return Meaning(f" {decimal(value, 100)} EUR{more}")
    if code == EventCode.CARD_REFUSED:
        meaning = named(_words(Result))(value)
        return Meaning(f" as {meaning.note or value}", meaning.wrong)
    if code == EventCode.CLOCK_LOST:
        meaning = named(_words(Health))(value)
        return Meaning(f" because {meaning.note or value}", meaning.wrong)
    return Meaning(f" ({value})" if value else "")


def _event(row: Row, index: int, raw: bytes, zone: TimeZone) -> Row:
    field = f"{row.field}[{index}]"
    at = row.offset + index * EVENT_SIZE_BYTES

    def explain(entry: bytes) -> Meaning:
        if entry == _NO_EVENT:
            return Meaning(NO_EVENT_NOTE)
        code, value = entry[4], int.from_bytes(entry[5:], "big")
        name = _words(EventCode).get(code)
        when = legal_minute_2000(int.from_bytes(entry[:4], "big"), zone)
        if name is None:
            return Meaning(f"{when}: event {code} ({value})", "no such event")
        detail = _detail(code, value)
        return Meaning(f"{when}: {name}{detail.note}", detail.wrong)

    return octets(field, at, raw, explain=explain)


def _pieces(row: Row, raw: bytes, zone: TimeZone) -> Iterator[Row]:
    """Yield the rows of a field of the state record: itself, or what it is made of."""
    if row.field == "defer_end":
        yield from _end(row, raw, "T1", zone)
    elif row.field == "cut_end":
        yield from _end(row, raw, "T2", zone)
    elif row.field == "latched_end":
        yield from _end(row, raw, "T2 reached", zone)
    elif row.field == "events":
        for index in range(EVENT_COUNT):
            piece = raw[index * EVENT_SIZE_BYTES :][:EVENT_SIZE_BYTES]
            yield _event(row, index, piece, zone)
    else:
        yield row


# Records ------------------------------------------------------------------------------------------


class _Copy(NamedTuple):
    """One copy of the state: where it lies, its bytes, and why it does not count."""

    at: int
    raw: bytes
    flaw: str


def explain_factory(raw: bytes, at: int, model_code: bytes, *, fold: bool) -> Part:
    """Return the factory record of a meter of a model, which lies at `at`, explained.

    With `fold`, an erased record is one row.
    """
    name, flaw = "factory record", _flaw(raw, FACTORY.magic)
    rows = _with_about(_with_crc(rows_of(FACTORY, raw, FACTORY_MEANINGS, at=at), raw))
    if flaw == _ERASED:
        return Part(
            name, at, _blank(rows, raw, fold=fold), "erased: the meter shows NOT CONFIGURED"
        )
    if flaw:
        return Part(name, at, rows, "", (f"{flaw}: the meter shows NOT CONFIGURED",))
    wrong = () if FACTORY.parse(raw).model == model_code else ("it is of another model",)
    return Part(name, at, rows, "valid; the program never writes it", wrong)


def explain_states(
    raws: Sequence[bytes], ats: Sequence[int], zone: TimeZone, *, fold: bool
) -> tuple[Part, Part]:
    """Return both copies of the state, explained, and which of them the program loads, and why.

    With `fold`, an erased copy is one row.
    """
    first, second = (
        _Copy(at, raw, _flaw(raw, STATE.magic)) for at, raw in zip(ats, raws, strict=True)
    )
    newer = 1 if is_newer(second.raw, first.raw) else 0
    order = (newer, 1 - newer)
    copies = (first, second)
    loaded = next((index for index in order if not copies[index].flaw), None)
    return (
        _state(copies[0], 0, copies[1], zone, loaded=loaded, newer=newer, fold=fold),
        _state(copies[1], 1, copies[0], zone, loaded=loaded, newer=newer, fold=fold),
    )


def _state(
    copy: _Copy,
    index: int,
    other: _Copy,
    zone: TimeZone,
    *,
    loaded: int | None,
    newer: int,
    fold: bool,
) -> Part:
    name = f"state record, copy {index}"
    rows = _with_crc(rows_of(STATE, copy.raw, state_meanings(zone), at=copy.at), copy.raw)
    rows = _with_about(
        piece
        for row in rows
        for piece in _pieces(row, copy.raw[row.offset - copy.at :][: row.size_bytes], zone)
    )
    lost = "" if loaded is not None else "; neither copy counts, the meter shows MEMORY FAULT"
    if copy.flaw == _ERASED:
        blank = _blank(rows, copy.raw, fold=fold)
        return Part(name, copy.at, blank, f"erased: nothing was saved here yet{lost}")
    if copy.flaw:
        return Part(name, copy.at, rows, "", (f"{copy.flaw}: it is not loaded{lost}",))
    if index != loaded:
        return Part(name, copy.at, rows, "valid, older: kept in case the next save is torn")
    return Part(name, copy.at, rows, _why_loaded(index, other, newer), _across(copy.raw))


def _why_loaded(index: int, other: _Copy, newer: int) -> str:
    if other.flaw == _ERASED:
        return f"valid, the only one: {LOADED}"
    if other.flaw:
        what = "the save after it" if index != newer else "the save before it"
        return f"valid, {what} does not count: {LOADED}"
    return f"valid, the newest: {LOADED}"


def _across(raw: bytes) -> tuple[str, ...]:
    """Return what is wrong with the state although each of its fields is well."""
    state, found = STATE.parse(raw), []
    if state.night_price_ueur_per_wh > state.price_ueur_per_wh:
        found.append("the night costs more than the day")
    try:
        ends = [decode_bcd_minute(end[:5]) for end in (state.defer_end, state.cut_end)]
    except TimestampError:
        return tuple(found)  # said next to the field
    defer_until, cut_at = ends
    if defer_until is not None and cut_at is not None and cut_at < defer_until:
        found.append(f"the cut at {cut_at} lies before the end of the deferral, {defer_until}")
    return tuple(found)


_ERASED: Final = "erased"


def _flaw(raw: bytes, magic: bytes) -> str:
    """Return why a record does not count, or nothing."""
    if raw == bytes((ERASED,)) * len(raw):
        return _ERASED
    if raw[:2] != magic:
        return f"no record, its magic is not {magic.decode('ascii')}"
    if raw[2] != LAYOUT_VERSION:
        return f"of version {raw[2]}, expected {LAYOUT_VERSION}"
    return "" if crc_holds(raw) else "torn or changed, its CRC does not hold"


def _with_crc(rows: tuple[Row, ...], raw: bytes) -> tuple[Row, ...]:
    """Return the rows of a record with its last one, the CRC, checked."""
    last = rows[-1]
    if crc_holds(raw):
        return (*rows[:-1], replace(last, note="holds"))
    return (*rows[:-1], replace(last, wrong="does not match the bytes before it"))


def _with_about(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(replace(row, about=ABOUT.get(row.field, "")) for row in rows)


def _blank(rows: tuple[Row, ...], raw: bytes, *, fold: bool) -> tuple[Row, ...]:
    """Return the rows of a record that was never written: nothing in it is right or wrong."""
    if fold:
        return (octets("all of it", rows[0].offset, raw, explain=lambda _: Meaning(_ERASED)),)
    return tuple(replace(row, value=row.raw, unit="", note=_ERASED, wrong="") for row in rows)
