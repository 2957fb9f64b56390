"""Explains the records of a card, field by field, for people at a desk.

It has no use for a card that is well: every field is shown whatever it holds, what is out of range
is said beside it, and a wrong MAC is a word and not an exception. Keys are not among the records
and never come here except to check a MAC.

The names of codes are those of `docs/card-format.md`, written out here once more on purpose: the
office reads what a meter wrote without sharing a table with its program.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, unique
from typing import Any, Final, NamedTuple, final

from card_protocol.errors import CardProtocolError, LayoutError, MacError
from card_protocol.formats import budget
from card_protocol.formats.budget import Energy, Result, Sfi
from card_protocol.keys import Key, Purpose, derive
from card_protocol.layout import Layout
from card_protocol.timestamp import BCD_NONE, MINUTES_NONE, decode_bcd_minute

HEALTH: Final = {
    0: "trusted",
    1: "low voltage",
    2: "impossible date",
    3: "backwards",
    4: "too far ahead",
    5: "set too long ago",
}
SUPPLY: Final = {0: "disconnected", 1: "connected", 2: "ready for reconnection"}
FLAGS: Final = {0x01: "prepayment on", 0x02: "limiter granted"}
BLOCKS: Final = {0x01: "programmed", 0x02: "credit"}
SHIELDS: Final = {0x01: "deferral", 0x02: "window", 0x04: "prepayment off"}
EVENTS: Final = {
    1: "power on",
    2: "cut as programmed",
    3: "cut for lack of credit",
    4: "ready for reconnection",
    5: "reconnected",
    6: "order executed",
    7: "card refused",
    8: "credit loaded",
    9: "emergency credit taken",
    10: "clock lost",
    11: "contactor disagrees",
}
RESULTS: Final = {result.value: result.name.lower().replace("_", " ") for result in Result}
ENERGIES: Final = {energy.value: energy.name.lower() for energy in Energy}

EVENT_SIZE_BYTES: Final = 8
_EPOCH_2000: Final = datetime(2000, 1, 1, tzinfo=UTC)


@final
@unique
class Seal(Enum):
    """What became of a record's MAC."""

    OK = "ok"
    WRONG = "wrong"
    EMPTY = "empty"  # a file nobody has written yet
    UNCHECKED = "unchecked"  # no meter id to check it with, or no record at all


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One field: where it lies, what it holds, in which unit, what that means, what is wrong."""

    offset: int
    field: str
    value: int | str
    unit: str
    note: str
    wrong: str


@final
@dataclass(frozen=True, slots=True)
class RecordView:
    """One record explained; `wrong` holds what no single field shows."""

    name: str
    sfi: int
    size_bytes: int
    seal: Seal
    rows: tuple[Row, ...]
    wrong: tuple[str, ...]


class _Told(NamedTuple):
    """What a value means, and what is wrong with it."""

    note: str = ""
    wrong: str = ""


LAYOUTS: Final[Mapping[Sfi, Layout[Any]]] = {
    Sfi.IDENTITY: budget.IDENTITY,
    Sfi.WALLET: budget.WALLET,
    Sfi.ORDER: budget.ORDER,
    Sfi.TARIFF: budget.TARIFF,
    Sfi.WRITE_BACK: budget.WRITE_BACK,
}


def explain_card(read: Callable[[Sfi], bytes], master: Key) -> tuple[RecordView, ...]:
    """Return all records of a card, explained. `read` returns what a file holds."""
    raws = {sfi: read(sfi) for sfi in LAYOUTS}
    try:
        meter_id = budget.IDENTITY.parse(raws[Sfi.IDENTITY]).meter_id
    except LayoutError:
        meter_id = None
    return tuple(explain_record(sfi, raw, meter_id, master) for sfi, raw in raws.items())


def explain_record(sfi: Sfi, raw: bytes, meter_id: int | None, master: Key) -> RecordView:
    """Return one record explained; without `meter_id` its MAC cannot be checked."""
    layout = LAYOUTS[sfi]
    if raw == b"\xff" * len(raw):
        return RecordView(layout.name, sfi, len(raw), Seal.EMPTY, (), ())
    try:
        record = layout.parse(raw)
    except LayoutError as error:
        return RecordView(layout.name, sfi, len(raw), Seal.UNCHECKED, (), (str(error),))
    rows = tuple(
        _row(field.offset, field.name, getattr(record, field.name)) for field in layout.fields
    )
    seal, wrong = _seal(sfi, layout, raw, meter_id, master)
    return RecordView(layout.name, sfi, len(raw), seal, rows, wrong + _across(sfi, record))


def _seal(
    sfi: Sfi, layout: Layout[Any], raw: bytes, meter_id: int | None, master: Key
) -> tuple[Seal, tuple[str, ...]]:
    if meter_id is None:
        return Seal.UNCHECKED, ("no meter id to check the MAC with",)
    purpose = Purpose.METER_RECORD if sfi is Sfi.WRITE_BACK else Purpose.DESK_RECORD
    try:
        budget.open_sealed(layout, raw, derive(master, purpose, meter_id), meter_id)
    except MacError as error:
        return Seal.WRONG, (str(error),)
    except LayoutError as error:
        return Seal.UNCHECKED, (str(error),)
    return Seal.OK, ()


def _row(offset: int, field: str, value: int | bytes) -> Row:
    unit, tell = _FIELDS.get(field, ("", _nothing))
    told = tell(value)
    shown = value.hex() if isinstance(value, bytes) else value
    return Row(offset, field, shown, unit, told.note, told.wrong)


def _across(sfi: Sfi, record: Any) -> tuple[str, ...]:  # noqa: ANN401 - one record of five kinds
    """Return what is wrong with a record although each of its fields is well."""
    if sfi is not Sfi.ORDER:
        return ()
    found = []
    dates = (record.defer_until, record.cut_at)
    if record.token != budget.NO_TOKEN and dates != (BCD_NONE, BCD_NONE):
        found.append("a reactivation carries no dates")
    try:
        defer_until, cut_at = (decode_bcd_minute(raw) for raw in dates)
    except CardProtocolError:
        return tuple(found)  # said beside the field
    if defer_until is not None and cut_at is not None and cut_at < defer_until:
        found.append(f"the cut at {cut_at} lies before the end of the deferral, {defer_until}")
    return tuple(found)


def _nothing(_value: Any) -> _Told:  # noqa: ANN401
    return _Told()


def _named(names: Mapping[int, str]) -> Callable[[int], _Told]:
    def tell(value: int) -> _Told:
        if value in names:
            return _Told(names[value])
        return _Told(wrong=f"no such code, want one of {', '.join(str(code) for code in names)}")

    return tell


def _bits(names: Mapping[int, str]) -> Callable[[int], _Told]:
    def tell(value: int) -> _Told:
        unknown = value & ~sum(names)
        note = ", ".join(name for bit, name in names.items() if value & bit) or "none"
        return _Told(note, f"unknown bits {unknown:02x}" if unknown else "")

    return tell


def _civil(raw: bytes) -> _Told:
    try:
        when = decode_bcd_minute(raw)
        if when is None:
            return _Told("none")
        datetime(*when, tzinfo=UTC)
    except (CardProtocolError, ValueError) as error:
        return _Told(wrong=str(error))
    return _Told(str(when))


def _minute(value: int) -> _Told:
    if value == MINUTES_NONE:
        return _Told("none")
    return _Told(_utc(value))


def _utc(minute: int) -> str:
    try:
        return f"{_EPOCH_2000 + timedelta(minutes=minute):%Y-%m-%d %H:%M} UTC"
    except OverflowError:  # datetime ends with the year 9999, the field in 10166
        return "after 9999"


def _euro(per_euro: int) -> Callable[[int], _Told]:
    digits = len(str(per_euro)) - 1

    def tell(value: int) -> _Told:
        whole, rest = divmod(abs(value), per_euro)
        return _Told(f"{'-' if value < 0 else ''}{whole}.{rest:0{digits}} EUR")

    return tell


def _price(value: int) -> _Told:
    return _Told(
        f"{value // 1000}.{value % 1000:03} EUR/kWh", "" if value else "a price of nothing"
    )


def _generation(value: int) -> _Told:
    want = budget.GENERATION
    return _Told(wrong="" if value == want else f"want generation {want}")


def _zero(value: int) -> _Told:
    return _Told(wrong="want 0" if value else "")


def _token(raw: bytes) -> _Told:
    return _Told("none" if raw == budget.NO_TOKEN else "reactivates")


def _journal(raw: bytes) -> _Told:
    entries = [raw[at : at + EVENT_SIZE_BYTES] for at in range(0, len(raw), EVENT_SIZE_BYTES)]
    told = []
    for entry in entries:
        if entry != b"\xff" * EVENT_SIZE_BYTES:
            minute = _minute(int.from_bytes(entry[:4], "big")).note
            name = EVENTS.get(entry[4], f"event {entry[4]}")
            told.append(f"{minute}: {name} ({int.from_bytes(entry[5:], 'big')})")
    return _Told("; ".join(told) or "none")


# field: unit, what to tell. One table for all records: a name means the same everywhere.
_FIELDS: Final[Mapping[str, tuple[str, Callable[[Any], _Told]]]] = {
    "magic": ("", lambda raw: _Told(raw.decode("ascii"))),
    "generation": ("", _generation),
    "pad": ("", _zero),
    "energy": ("", _named(ENERGIES)),
    "issued_at_min": ("min since 2000 UTC", _minute),
    "loaded_cents": ("cent", _euro(100)),
    "load_count": ("loads", _nothing),
    "flags": ("bits", _bits(FLAGS)),
    "defer_until": ("YYMMDDhhmm", _civil),
    "cut_at": ("YYMMDDhhmm", _civil),
    "clock": ("YYMMDDhhmm", _civil),
    "token": ("", _token),
    "price_ueur_per_wh": ("micro-euro/Wh", _price),
    "result": ("", _named(RESULTS)),
    "order_result": ("", _named(RESULTS)),
    "session_count": ("sessions", _nothing),
    "clock_health": ("", _named(HEALTH)),
    "uncertainty_s": ("s", _nothing),
    "register_wh": ("Wh", _nothing),
    "charged_wh": ("Wh", _nothing),
    "deferred_wh": ("Wh", _nothing),
    "postpaid_wh": ("Wh", _nothing),
    "balance_ueur": ("micro-euro", _euro(1_000_000)),
    "charged_ueur": ("micro-euro", _euro(1_000_000)),
    "emergency_debt_ueur": ("micro-euro", _euro(1_000_000)),
    "accepted_cents": ("cent", _euro(100)),
    "accepted_count": ("loads", _nothing),
    "supply": ("", _named(SUPPLY)),
    "blocks": ("bits", _bits(BLOCKS)),
    "shields": ("bits", _bits(SHIELDS)),
    "events": ("", _journal),
}
