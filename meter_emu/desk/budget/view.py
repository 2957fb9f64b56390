"""Explains the records of a budget card, field by field, for people at a desk.

The card need not be valid: every field is shown whatever it holds, values out of range are marked,
and a wrong MAC is a word, not an exception. Keys and PIN are only said to be present.

The names of codes are those of `docs/card-format.md`, written out here once more on purpose: the
office reads what a meter wrote without sharing a table with its program.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from card_protocol.card.files import MF, FileSpec
from card_protocol.card.image import CardImage, CardKind
from card_protocol.errors import CardProtocolError, LayoutError, MacError
from card_protocol.formats import budget
from card_protocol.formats.budget import DF_OF, CardId, Sfi, WriteBackRecord, instants
from card_protocol.formats.budget.generations import DESK_RECORDS, layouts
from card_protocol.formats.budget.instants import InstantDeskRecord
from card_protocol.formats.container import (
    HEAD,
    SLOT_BYTES,
    SLOT_COUNT,
    parse_container,
    parse_head,
    plain_file,
)
from card_protocol.keys import Key, Purpose, derive
from card_protocol.layout import Layout
from card_protocol.timestamp import BCD_NONE, MINUTES_NONE, decode_bcd_minute
from meter_emu.desk.card_image import RecordView, Seal, files_in, never_written, part_of
from meter_emu.desk.dates import DeskDates
from meter_emu.domain import Result
from meter_emu.errors import DeskError
from meter_emu.rows import (
    Meaning,
    MeaningOf,
    Part,
    Row,
    bits,
    energy_named,
    minute_2000,
    moved,
    named,
    octets,
    rows_of,
    text,
    unused,
)
from meter_emu.zones import BELGIAN, ZONE_OF_CODE, TimeZone

HEALTH: Final = {
    0: "trusted",
    1: "low voltage",
    2: "impossible date",
    3: "backwards",
    4: "too far ahead",
    5: "set too long ago",
    6: "ticks disagree",
    7: "being set",
    8: "lower bound",
    9: "disputed",
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
    11: "switch disagrees",
    12: "clock set",
    13: "step doubted",
    14: "flow in test",
    15: "sessions of office and meter disagree",
    20: "the two forms of an end disagree, the later was taken",
    21: "expiry unchecked, the clock could not say",
}
RESULTS: Final = {result.value: result.name.lower().replace("_", " ") for result in Result}
_EVENT_SIZE_BYTES: Final = 8
DEAR_NIGHT: Final = "the night costs more than the day: no meter obeys such a tariff"
ZONE_RULES: Final = {zone.rule.code: zone.name.lower().replace("_", " ") for zone in TimeZone}


def layout_of(sfi: Sfi, size_bytes: int) -> Layout[Any]:
    """Return the layout of a record in a file of that size; if none fits, the first."""
    both = [layouts(generation)[sfi] for generation in DESK_RECORDS]
    return next((layout for layout in both if layout.size_bytes == size_bytes), both[0])


def explain_card(
    read: Callable[[Sfi], bytes], kind: CardKind, master: Key
) -> tuple[RecordView, ...]:
    """Return all records of a card of `kind`, explained. `read` returns a file's contents."""
    raws = {sfi: read(sfi) for sfi in Sfi}
    card = claimed_card(raws[Sfi.IDENTITY], kind)
    return tuple(
        _of_the_card(explain_record(sfi, raw, card, master), sfi, raws) for sfi, raw in raws.items()
    )


def _of_the_card(view: RecordView, sfi: Sfi, raws: Mapping[Sfi, bytes]) -> RecordView:
    """Return `view`, marked if the record does not match the others of the card."""
    if view.seal is Seal.EMPTY:
        return view
    wrong = list(view.wrong)
    if raws[sfi][2:3] != raws[Sfi.IDENTITY][2:3]:
        wrong.append(
            "this record is of another generation than the identity: no meter obeys the card"
        )
    return replace(view, wrong=tuple(wrong))


def claimed_card(raw: bytes, kind: CardKind) -> CardId | None:
    """Return which card an identity record claims to be, unchecked; `None` if it is none."""
    try:
        return budget.IDENTITY.parse(raw).card_id(kind)
    except LayoutError:
        return None


def _record_of(spec: FileSpec) -> Sfi | None:
    """Return the record that a file is for, `None` for a file of another kind of card."""
    if spec.df not in DF_OF.values() or spec.sfi not in set(Sfi):
        return None
    sfi = Sfi(spec.sfi)
    return sfi if layout_of(sfi, spec.size_bytes).size_bytes == spec.size_bytes else None


def budget_files(image: CardImage, master: Key) -> Iterator[Part]:
    """Yield the files of a budget card in an image, explained, each with its offset."""
    files = list(files_in(image))
    card = next(
        (
            claimed_card(one.raw, image.kind)
            for one in files
            if _record_of(one.spec) is Sfi.IDENTITY
        ),
        None,
    )
    plain = set(map(plain_file, DF_OF.values()))
    for spec, raw, at in files:
        sfi = _record_of(spec)
        if sfi is not None:
            yield _record(sfi, raw, at, card, master)
        elif spec.df == MF and spec.fid in plain:
            yield Part("plain file", at, moved(_slots(raw), at))


def _record(sfi: Sfi, raw: bytes, at: int, card_id: CardId | None, master: Key) -> Part:
    view = explain_record(sfi, raw, card_id, master)
    rows = view.rows
    if view.seal is Seal.EMPTY:
        rows = never_written(layout_of(sfi, len(raw)), raw, TELLS)
    return part_of(replace(view, rows=rows), at)


def _slots(raw: bytes) -> Iterator[Row]:
    """Yield head and body of each slot; the current records are explained separately."""
    for slot in range(SLOT_COUNT):
        at = slot * SLOT_BYTES
        slot_raw = raw[at : at + SLOT_BYTES]
        head, body = slot_raw[: HEAD.size_bytes], slot_raw[HEAD.size_bytes :]
        for row in rows_of(HEAD, head, {"magic": text}):
            yield replace(row, field=f"{row.field}[{slot}]", offset=row.offset + at)
        try:
            parse_container(slot_raw[: parse_head(head).size_bytes])
            note = "a whole copy"
        except LayoutError:
            note = "empty or torn: the other slot is current"
        row = octets(f"records[{slot}]", at + HEAD.size_bytes, body)
        yield replace(row, note=note, divisible=True)


def explain_record(sfi: Sfi, raw: bytes, card_id: CardId | None, master: Key) -> RecordView:
    """Return one record explained; without the `card_id` its MAC cannot be checked."""
    layout = layout_of(sfi, len(raw))
    if raw == b"\xff" * len(raw):
        return RecordView(layout.name, f"file {sfi}", len(raw), Seal.EMPTY, (), ())
    rows = rows_of(layout, raw, TELLS) if len(raw) == layout.size_bytes else ()
    try:
        record = layout.parse(raw)
    except LayoutError as error:
        return RecordView(layout.name, f"file {sfi}", len(raw), Seal.UNCHECKED, rows, (str(error),))
    seal, wrong = _seal(sfi, layout, raw, card_id, master)
    return RecordView(
        layout.name, f"file {sfi}", len(raw), seal, rows, wrong + _across(sfi, record)
    )


def explain_written_back(written: WriteBackRecord) -> RecordView:
    """Return a write-back explained whose MAC was checked, from any kind of card.

    Fields that a memory card does not carry are marked so.
    """
    layout = budget.WRITE_BACK
    missing = [field for field in layout.fields if getattr(written, field.name) is None]
    zeros: dict[str, Any] = {
        field.name: bytes(field.size_bytes) if field.kind == "bytes" else 0 for field in missing
    }
    rows = rows_of(layout, layout.build(replace(written, **zeros)), TELLS)
    if missing:
        rows = tuple(
            replace(row, raw="", value="", unit="", note="not on a memory card")
            if row.field in {*zeros, "events"}
            else row
            for row in rows
        )
    place = "a memory card" if missing else f"file {Sfi.WRITE_BACK}"
    return RecordView(layout.name, place, layout.size_bytes, Seal.OK, rows, ())


def _seal(
    sfi: Sfi, layout: Layout[Any], raw: bytes, card_id: CardId | None, master: Key
) -> tuple[Seal, tuple[str, ...]]:
    if card_id is None:
        return Seal.UNCHECKED, ("no identity to check the MAC with",)
    purpose = Purpose.METER_RECORD if sfi is Sfi.WRITE_BACK else Purpose.DESK_RECORD
    fitting = [generation for generation in DESK_RECORDS if layouts(generation)[sfi] is layout]
    generation = raw[2] if raw[2] in fitting else fitting[0]
    try:
        budget.open_sealed(
            layout, raw, derive(master, purpose, card_id.meter_id), card_id, generation
        )
    except MacError as error:
        return Seal.WRONG, (str(error),)
    except LayoutError as error:
        return Seal.UNCHECKED, (str(error),)
    return Seal.OK, ()


def _across(sfi: Sfi, record: Any) -> tuple[str, ...]:  # noqa: ANN401 - one record of three kinds
    """Return a fault across fields that are each right."""
    if sfi is Sfi.IDENTITY and record.generation == instants.GENERATION:
        return _two_forms("the expiry", record.expires, record.expires_min, record.zone_rule)
    if sfi is not Sfi.DESK:
        return ()
    dear = record.night_price_ueur_per_wh > record.price_ueur_per_wh
    found: list[str] = [DEAR_NIGHT] if dear else []
    if isinstance(record, InstantDeskRecord):
        found += _two_forms("T1", record.defer_until, record.defer_min, record.zone_rule)
        found += _two_forms("T2", record.cut_at, record.cut_min, record.zone_rule)
    dates = (record.defer_until, record.cut_at)
    if record.token != budget.NO_TOKEN and dates != (BCD_NONE, BCD_NONE):
        found.append("a reactivation carries no dates")
    return (*found, *wrong_order(*dates))


def wrong_order(defer_raw: bytes, cut_raw: bytes) -> Iterator[str]:
    """Report that T2 lies before T1, if both are dates; a field that is none has its own mark."""
    try:
        defer_until, cut_at = decode_bcd_minute(defer_raw), decode_bcd_minute(cut_raw)
    except CardProtocolError:
        return
    if defer_until is not None and cut_at is not None and cut_at < defer_until:
        yield f"the cut at {cut_at} lies before the end of the deferral, {defer_until}"


def _two_forms(what: str, raw: bytes, minute: int, zone_rule: int) -> tuple[str, ...]:
    """Return a mismatch between the instant of an end and the announced civil time."""
    try:
        announced = decode_bcd_minute(raw)
        dates = DeskDates(ZONE_OF_CODE.get(zone_rule, BELGIAN))
        legal = None if minute == MINUTES_NONE else dates.legal(minute)
    except (CardProtocolError, DeskError):
        return (f"{what} is no date in one of its two forms",)
    if announced == legal:
        stray = announced is not None and zone_rule not in ZONE_RULES
        return (f"{what} has no zone rule",) if stray else ()
    if announced is None or legal is None:
        return (f"{what} has only one of its two forms",)
    return (f"{what} was announced as {announced}, its instant is {legal}: they disagree",)


def _factor(value: int) -> Meaning:
    note = "a unit is 1 Wh" if value == 1000 else f"{value // 1000}.{value % 1000:03} kWh/m³"
    return Meaning(note, "" if value else "a unit without energy")


def _generation(value: int) -> Meaning:
    wanted = " or ".join(str(generation) for generation in DESK_RECORDS)
    return Meaning(wrong="" if value in DESK_RECORDS else f"expected generation {wanted}")


def _zone_rule(value: int) -> Meaning:
    return Meaning("none") if value == budget.NO_ZONE_RULE else named(ZONE_RULES)(value)


def _journal(raw: bytes) -> Meaning:
    entries = [raw[at : at + _EVENT_SIZE_BYTES] for at in range(0, len(raw), _EVENT_SIZE_BYTES)]
    said = []
    for entry in entries:
        if entry != b"\xff" * _EVENT_SIZE_BYTES:
            minute = minute_2000(int.from_bytes(entry[:4], "big")).note
            name = EVENTS.get(entry[4], f"event {entry[4]}")
            said.append(f"{minute}: {name} ({int.from_bytes(entry[5:], 'big')})")
    return Meaning("; ".join(said) or "none")


# Notes on fields whose unit does not explain them; a name means the same in all records.
TELLS: Final[Mapping[str, MeaningOf]] = {
    "magic": text,
    "generation": _generation,
    "energy": energy_named,
    "flags": bits(FLAGS),
    "zone_rule": _zone_rule,
    "token": lambda raw: Meaning("none" if raw == budget.NO_TOKEN else "reactivates"),
    "mwh_per_unit": _factor,
    "result": named(RESULTS),
    "order_result": named(RESULTS),
    "clock_health": named(HEALTH),
    "supply": named(SUPPLY),
    "blocks": bits(BLOCKS),
    "shields": bits(SHIELDS),
    "events": _journal,
    "reserved": unused,
}
