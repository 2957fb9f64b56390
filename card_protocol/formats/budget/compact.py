"""The budget card in 224 bytes, as a memory card carries it, in three parts.

The sealed records of `budget` are 256 bytes, and a card that tears needs two copies. So a memory
card carries the same values in layouts of their own: an identity written once, a part the desk
writes, a part the meter writes, the latter two in two copies. Each part is whole or not by its MAC
alone, eight bytes as everywhere; the current copy is the whole one with the higher number.

The dates are generation 1's: there is no room for instants. `METER_PART` and `docs/card-format.md`
list what else is left out. The desk refuses a value too large for its field; a meter's report is
limited to the field's largest value, because a meter cannot refuse to report.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final, NamedTuple

import construct as c

from card_protocol.errors import LayoutError, MacError
from card_protocol.formats import budget
from card_protocol.formats.budget import (
    GENERATION,
    NO_MAC,
    NO_TOKEN,
    NO_ZONE_RULE,
    CardId,
    CivilField,
    DeskRecord,
    IdentityRecord,
    MacField,
    MinuteField,
    WriteBackRecord,
    mac_text,
)
from card_protocol.formats.budget.generations import AnyDeskRecord
from card_protocol.keys import MAC_SIZE_BYTES, Key
from card_protocol.layout import S32, U8, U16, U32, U64, Layout, Magic
from card_protocol.timestamp import (
    BCD_MINUTE_SIZE_BYTES,
    BCD_NONE,
    MINUTES_NONE,
    decode_bcd_minute,
    encode_bcd_minute,
    pack_minute,
    unpack_minute,
)

FIRST_AT: Final = 32  # below it are the chip's own bytes, and a wrong write there ends the card
END_AT: Final = 256
COPY_COUNT: Final = 2
SEQUENCE_MAX: Final = 0xFFFF  # writes; a cell is good for 10,000 (data sheet 07.95, features)
SESSION_MASK: Final = 0xFFFF  # a session is said by its low 16 bits
REACTIVATES: Final = 0x80  # in `flags`, next to those of an order: `ends` holds a token
CUSTOMER_HIGH_BITS: Final = 32  # a reference of 13 digits needs 44 bits, the field has 48
UEUR_PER_STEP: Final = 100  # the balance is carried in steps of a hundredth of a cent


@dataclass(frozen=True, slots=True)
class IdentityPart:
    """Whose card this is; written when it is issued, once. As `budget.IdentityRecord`.

    When that was is in the desk part, which is written then too.
    """

    magic: Magic
    energy: U8
    meter_id: U64
    customer_high: U16
    customer_low: U32
    card_number: U16
    expires: CivilField
    mac: MacField


@dataclass(frozen=True, slots=True)
class DeskPart:
    """The desk's orders to the meter: money, order and tariff, always of one visit.

    `ends` holds T1 and T2, five BCD bytes each, or with `REACTIVATES` the token and FFFF: an order
    never has both. `issued_at_min` is when the desk last wrote anything.
    """

    magic: Annotated[bytes, c.Bytes(1)]
    flags: Annotated[U8, "bits"]
    sequence: U16
    loaded_cents: Annotated[U32, "cent"]
    load_count: Annotated[U16, "loads"]
    order_number: U16
    ends: Annotated[bytes, c.Bytes(2 * BCD_MINUTE_SIZE_BYTES)]
    tariff_number: U16
    price_ueur_per_wh: Annotated[U16, "micro-euro/Wh"]
    night_price_ueur_per_wh: Annotated[U16, "micro-euro/Wh"]
    mwh_per_unit: Annotated[U16, "mWh/unit"]
    issued_at_min: MinuteField
    seen_session: Annotated[U16, "sessions"]
    mac: MacField


@dataclass(frozen=True, slots=True)
class MeterPart:
    """The meter's results and state; `holds` has its shields above its blocks, four bits.

    `clock`, `defer_until` and `cut_at` are packed minutes.
    """

    magic: Annotated[bytes, c.Bytes(1)]
    result: U8
    sequence: U16
    session_count: Annotated[U16, "sessions"]
    clock: Annotated[U32, "packed"]
    clock_health: U8
    supply: U8
    holds: Annotated[U8, "bits"]
    uncertainty_s: Annotated[U16, "s"]
    balance_100ueur: Annotated[S32, "x 100 micro-euro"]
    accepted_cents: Annotated[U32, "cent"]
    accepted_count: Annotated[U16, "loads"]
    order_number: U16
    order_result: U8
    defer_until: Annotated[U32, "packed"]
    cut_at: Annotated[U32, "packed"]
    deferred_wh: Annotated[U32, "Wh"]
    register_units: Annotated[U32, "Wh or dm³"]
    mac: MacField


IDENTITY_PART: Final = Layout("identity part", IdentityPart, magic=b"I1")
DESK_PART: Final = Layout("desk part", DeskPart, magic=b"D")
METER_PART: Final = Layout("meter part", MeterPart, magic=b"M")
IDENTITY_AT: Final = FIRST_AT
DESK_AT: Final = tuple(64 + copy * 44 for copy in range(COPY_COUNT))
METER_AT: Final = tuple(152 + copy * 52 for copy in range(COPY_COUNT))
# Every byte from 32 on is used, and none twice.
assert IDENTITY_AT + IDENTITY_PART.size_bytes == DESK_AT[0], "layout drifted"
assert DESK_AT[-1] + DESK_PART.size_bytes == METER_AT[0], "layout drifted"
assert METER_AT[-1] + METER_PART.size_bytes == END_AT, "layout drifted"
assert (DESK_PART.size_bytes, METER_PART.size_bytes) == (44, 52), "layout drifted"


# MACs and copies ----------------------------------------------------------------------------------


def seal_part(layout: Layout[Any], part: Any, key: Key, card_id: CardId) -> bytes:  # noqa: ANN401
    """Return the bytes of a part with its MAC filled in; it covers what a record's does."""
    body = layout.build(part)[:-MAC_SIZE_BYTES]
    return body + key.mac(mac_text(body, card_id))


def part_holds(raw: bytes, key: Key, card_id: CardId) -> bool:
    """Whether the MAC at the end of a part is right: not for a torn or forged part."""
    return key.verify(mac_text(raw[:-MAC_SIZE_BYTES], card_id), raw[-MAC_SIZE_BYTES:])


class InForce(NamedTuple):
    """Which copy of a part is current, 0 or 1, and its contents."""

    copy: int
    part: Any


def compact_in_force(
    layout: Layout[Any], raws: tuple[bytes, ...], key: Key, card_id: CardId
) -> InForce | None:
    """Return the current copy among `raws`, `None` if no copy is whole."""
    whole = [
        InForce(copy, layout.parse(raw))
        for copy, raw in enumerate(raws)
        if raw.startswith(layout.magic) and part_holds(raw, key, card_id)
    ]
    return max(whole, key=lambda found: found.part.sequence, default=None)


def next_copy(found: InForce | None, what: str) -> tuple[int, int]:
    """Return copy and sequence of the next write of a part; raise `LayoutError` at the last."""
    if found is None:
        return 0, 1
    if found.part.sequence == SEQUENCE_MAX:
        raise _refused(what, "sequence", "a number that is not used up", SEQUENCE_MAX)
    return (found.copy + 1) % COPY_COUNT, found.part.sequence + 1


def no_copy(layout: Layout[Any], raws: tuple[bytes, ...]) -> LayoutError | MacError:
    """Return the error for a part without a whole copy: never written, or not ours."""
    if any(raw.startswith(layout.magic) for raw in raws):
        return MacError(f"{layout.name}: no copy has a MAC of this meter's key")
    expected = f"magic {layout.magic.hex()}"
    return LayoutError(
        layout.name, offset=0, expected=expected, got=raws[0][: len(layout.magic)].hex()
    )


# Parts and their records -------------------------------------------------------------------------


def identity_part(identity: IdentityRecord) -> IdentityPart:
    """Return the part for an identity; raise `LayoutError` for generation 2: it has no room."""
    if identity.generation != GENERATION:
        expected = f"generation {GENERATION}, a memory card has no room for instants"
        raise _refused("identity part", "generation", expected, identity.generation)
    return IDENTITY_PART.filled(
        identity,
        customer_high=identity.customer_ref >> CUSTOMER_HIGH_BITS,
        customer_low=identity.customer_ref & 0xFFFFFFFF,
        mac=NO_MAC,
    )


def identity_of(part: IdentityPart) -> IdentityRecord:
    """Return the identity in a part."""
    return budget.IDENTITY.filled(
        part,
        generation=GENERATION,
        customer_ref=part.customer_high << CUSTOMER_HIGH_BITS | part.customer_low,
        issued_at_min=MINUTES_NONE,
        expires_min=MINUTES_NONE,
        zone_rule=NO_ZONE_RULE,
    )


def desk_part(record: AnyDeskRecord, sequence: int) -> DeskPart:
    """Return the part for the desk's record; raise `LayoutError` for values that do not fit."""
    if not isinstance(record, DeskRecord):
        expected = f"an order of generation {GENERATION}"
        raise _refused(DESK_PART.name, "ends", expected, record.generation)
    if record.flags & REACTIVATES:
        raise _refused(DESK_PART.name, "flags", "bit 80 for the token alone", record.flags)
    dates = record.defer_until + record.cut_at
    flags, ends = record.flags, dates
    if record.token != NO_TOKEN:
        if dates != BCD_NONE * 2:
            raise _refused(DESK_PART.name, "ends", "dates or a token", record.order_number)
        flags, ends = flags | REACTIVATES, record.token.ljust(len(dates), b"\xff")
    return DESK_PART.filled(
        record,
        flags=flags,
        sequence=sequence,
        ends=ends,
        seen_session=record.seen_session & SESSION_MASK,
        mac=NO_MAC,
    )


def desk_record_of(part: DeskPart) -> DeskRecord:
    """Return the desk's record in a part."""
    reactivates = part.flags & REACTIVATES
    dates, token = (BCD_NONE * 2, part.ends[:8]) if reactivates else (part.ends, NO_TOKEN)
    return budget.DESK.filled(
        part,
        generation=GENERATION,
        flags=part.flags & ~REACTIVATES,
        defer_until=dates[:5],
        cut_at=dates[5:],
        token=token,
    )


def meter_part(record: WriteBackRecord, sequence: int) -> MeterPart:
    """Return the part for a write-back, each value limited to its field."""
    steps = record.balance_ueur // UEUR_PER_STEP
    return METER_PART.filled(
        record,
        sequence=sequence,
        session_count=record.session_count & SESSION_MASK,
        clock=_packed(record.clock),
        holds=record.shields << 4 | record.blocks,
        balance_100ueur=min(max(steps, -(1 << 31)), (1 << 31) - 1),
        accepted_count=min(record.accepted_count, 0xFFFF),
        order_number=min(record.order_number, 0xFFFF),
        defer_until=_packed(record.defer_until),
        cut_at=_packed(record.cut_at),
        mac=NO_MAC,
    )


# What of a write-back has no room here.
_NO_ROOM: Final[dict[str, None]] = dict.fromkeys((
    "challenge", "charged_wh", "postpaid_wh", "charged_ueur", "emergency_debt_ueur", "order_mac",
    "tariff_number", "night_wh", "charged_night_wh", "shelter_left_min", "shelter_left_wh",
    "night_left_wh",
))  # fmt: skip


def write_back_of(part: MeterPart, meter_id: int) -> WriteBackRecord:
    """Return the write-back in a part; fields that it does not carry are `None`, with no events."""
    return budget.WRITE_BACK.filled(
        part,
        generation=GENERATION,
        meter_id=meter_id,
        clock=_unpacked(part.clock),
        balance_ueur=part.balance_100ueur * UEUR_PER_STEP,
        blocks=part.holds & 0x0F,
        shields=part.holds >> 4,
        defer_until=_unpacked(part.defer_until),
        cut_at=_unpacked(part.cut_at),
        events=budget.WRITE_BACK.erased("events"),
        **_NO_ROOM,
    )


def _packed(raw: bytes) -> int:
    return pack_minute(decode_bcd_minute(raw))


def _unpacked(packed: int) -> bytes:
    return encode_bcd_minute(unpack_minute(packed))


def _refused(part: str, field: str, expected: str, got: int) -> LayoutError:
    return LayoutError(f"{part}.{field}", offset=0, expected=expected, got=str(got))
