"""The budget card: identity and write-back records, and generation 1's desk record.

No Belgian card format is public, so this one is an invention (`docs/card-format.md` is its
interface control document and a test compares them). Its idea follows the published State Grid card
(Q/GDW 365): an order, a cumulative wallet with a count, a tariff, a write-back. Dates as announced
to the household are civil time YYMMDDhhmm in BCD without zone, as fielded cards carry; generation 2
puts the instant next to them, which takes a desk record of its own (`instants`), and an expiry's
instant is FF in generation 1. All other records are the same bytes in both but for the generation.

Every record ends in an eight-byte AES-CMAC over meter number ‖ card number ‖ carrier ‖ all bytes
before the MAC, so that no record goes onto another card, nor onto another kind of card. The layouts
decode no dates: date fields stay five raw bytes, for the codec part of the program that obeys them.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag, unique
from typing import Annotated, Final, NamedTuple, Protocol, TypeAlias, TypeVar, final

import construct as c

from card_protocol.card.image import CardKind
from card_protocol.errors import LayoutError, MacError
from card_protocol.keys import MAC_SIZE_BYTES, RANDOM_SIZE_BYTES, Key
from card_protocol.layout import S64, U8, U16, U32, U64, Layout, Magic
from card_protocol.timestamp import BCD_MINUTE_SIZE_BYTES

GENERATION: Final = 1
NO_MAC: Final = b"\x00" * MAC_SIZE_BYTES
NO_TOKEN: Final = b"\xff" * MAC_SIZE_BYTES
# What records lie on, as their MACs say it (ours): a letter for each kind of card.
CARRIER_CODES: Final = {CardKind.SECURE: b"S", CardKind.PLAIN: b"P", CardKind.MEMORY: b"M"}
_MAC_HEAD: Final = struct.Struct(">QIc")  # meter id, card number, carrier
MacField: TypeAlias = Annotated[bytes, c.Bytes(MAC_SIZE_BYTES)]
CivilField: TypeAlias = Annotated[bytes, c.Bytes(BCD_MINUTE_SIZE_BYTES), "YYMMDDhhmm"]
MinuteField: TypeAlias = Annotated[int, c.Int32ub, "min since 2000 UTC"]


@final
@unique
class Sfi(IntEnum):
    """Short file identifiers of the elementary files under the energy's DF."""

    IDENTITY = 1
    DESK = 2
    WRITE_BACK = 3


DF_ELECTRICITY: Final = 0xDF01  # one DF an energy, after the State Grid card (DF01, DF02, DF03)
DF_GAS: Final = 0xDF03
DF_OF: Final = {1: DF_ELECTRICITY, 2: DF_GAS}  # by the code of the energy in an identity


NO_ZONE_RULE: Final = 0xFF  # next to no instant


@final
class OrderFlags(IntFlag):
    """Bits of the desk record; all others are zero."""

    PREPAYMENT_ON = 0x01
    LIMITER_GRANTED = 0x02


class CardId(NamedTuple):
    """Which card it is: of which meter, which of that meter's, and what its records lie on."""

    meter_id: int
    card_number: int
    kind: CardKind


@dataclass(frozen=True, slots=True)
class IdentityRecord:
    """Whose card this is. Written once, when the card is issued.

    `expires` is five BCD bytes or `BCD_NONE`; generation 2 has the instant and the zone rule next
    to it, `MINUTES_NONE` and `NO_ZONE_RULE` in generation 1 and where there is no expiry.
    """

    magic: Magic
    generation: U8
    energy: U8
    meter_id: U64
    customer_ref: U64
    card_number: U32
    issued_at_min: MinuteField
    expires: CivilField
    expires_min: MinuteField
    zone_rule: U8
    reserved: Annotated[bytes, c.Bytes(2)]
    mac: MacField

    def card_id(self, kind: CardKind) -> CardId:
        """Return which card the record claims to be of, found on a card of this kind."""
        return CardId(self.meter_id, self.card_number, kind)


@dataclass(frozen=True, slots=True)
class DeskRecord:
    """What the desk wants of the meter: money, order and tariff of one visit, under one MAC.

    `loaded_cents` and `load_count` are all that was ever loaded for this meter. Both only grow; the
    meter books the difference to what it has accepted, so showing a card twice, or a torn session,
    can never pay twice.

    The order is a state, and the highest `order_number` replaces everything; 0 means that no order
    was ever written. `defer_until` (T1) and `cut_at` (T2) are five BCD bytes or `BCD_NONE`. `token`
    is the reactivation token or `NO_TOKEN`.

    The tariff is the order's: micro-euro per watt-hour (250 = 0.25 EUR/kWh). The night price holds
    in the night hours, which the meter knows and the card does not; it is never above the other,
    and the same in a mono-hourly tariff. `mwh_per_unit` is the energy in one unit of the register:
    1000 for electricity, which counts watt-hours; for gas the calorific factor, in milliwatt-hours
    per cubic decimetre.

    `seen_session` is the last session of the meter whose write-back the desk has seen.
    """

    magic: Magic
    generation: U8
    flags: Annotated[U8, "bits"]
    loaded_cents: Annotated[U32, "cent"]
    load_count: Annotated[U32, "loads"]
    order_number: U32
    defer_until: CivilField
    cut_at: CivilField
    token: MacField
    tariff_number: U16
    price_ueur_per_wh: Annotated[U32, "micro-euro/Wh"]
    night_price_ueur_per_wh: Annotated[U32, "micro-euro/Wh"]
    mwh_per_unit: Annotated[U16, "mWh/unit"]
    issued_at_min: MinuteField
    seen_session: Annotated[U32, "sessions"]
    reserved: Annotated[bytes, c.Bytes(2)]
    mac: MacField


@dataclass(frozen=True, slots=True)
class WriteBackRecord:
    """The meter's last results and its state, for the office to read.

    `challenge` is the random of the session that wrote it, as the card got it; `order_mac` that of
    the order in the meter (`generations.order_mac`), FF before the first. A memory card does not
    carry all of it (`compact`): fields that may be `None` are then missing. In this record every
    field has a value.
    """

    magic: Magic
    generation: U8
    result: U8
    meter_id: U64
    session_count: Annotated[U32, "sessions"]
    challenge: Annotated[bytes | None, c.Bytes(RANDOM_SIZE_BYTES)]
    clock: CivilField
    clock_health: U8
    uncertainty_s: Annotated[U16, "s"]
    register_units: Annotated[U32, "Wh or dm³"]
    charged_wh: Annotated[int | None, c.Int32ub, "Wh"]
    deferred_wh: Annotated[U32, "Wh"]
    postpaid_wh: Annotated[int | None, c.Int32ub, "Wh"]
    balance_ueur: Annotated[S64, "micro-euro"]
    charged_ueur: Annotated[int | None, c.Int64ub, "micro-euro"]
    emergency_debt_ueur: Annotated[int | None, c.Int32ub, "micro-euro"]
    accepted_cents: Annotated[U32, "cent"]
    accepted_count: Annotated[U32, "loads"]
    order_number: U32
    order_mac: Annotated[bytes | None, c.Bytes(MAC_SIZE_BYTES)]
    order_result: U8
    supply: U8
    blocks: Annotated[U8, "bits"]
    shields: Annotated[U8, "bits"]
    defer_until: CivilField
    cut_at: CivilField
    tariff_number: Annotated[int | None, c.Int16ub]
    night_wh: Annotated[int | None, c.Int32ub, "Wh"]
    charged_night_wh: Annotated[int | None, c.Int32ub, "Wh"]
    shelter_left_min: Annotated[int | None, c.Int16ub, "min"]
    shelter_left_wh: Annotated[int | None, c.Int32ub, "Wh"]
    night_left_wh: Annotated[int | None, c.Int32ub, "Wh"]
    events: Annotated[bytes, c.Bytes(24)]
    mac: MacField


IDENTITY: Final = Layout("identity", IdentityRecord, magic=b"BI")
DESK: Final = Layout("desk record", DeskRecord, magic=b"BD")
WRITE_BACK: Final = Layout("write-back", WriteBackRecord, magic=b"BB")
assert (IDENTITY.size_bytes, DESK.size_bytes) == (48, 64), "layout drifted"
assert WRITE_BACK.size_bytes == 154, "layout drifted"


class Record(Protocol):
    """The fields that all records of a card have."""

    @property
    def generation(self) -> int:
        """Which generation of the format the record belongs to."""
        ...

    @property
    def mac(self) -> bytes:
        """Eight bytes over meter number and everything before."""
        ...


RecordT = TypeVar("RecordT", bound=Record)


def seal(layout: Layout[RecordT], record: RecordT, key: Key, card_id: CardId) -> bytes:
    """Return the bytes of `record` with its MAC filled in; the `mac` it came with is ignored."""
    body = layout.build(record)[:-MAC_SIZE_BYTES]
    return body + key.mac(mac_text(body, card_id))


def open_sealed(
    layout: Layout[RecordT], raw: bytes, key: Key, card_id: CardId, generation: int = GENERATION
) -> RecordT:
    """Return the record in `raw` after checking size, magic, `generation` and MAC.

    Raise `LayoutError` for the first three and `MacError` for the last: in that order, so that a
    foreign card is distinguished from a forged one.
    """
    record = layout.parse(raw)
    if record.generation != generation:
        raise LayoutError(
            layout.name, offset=2, expected=f"generation {generation}", got=str(record.generation)
        )
    if not key.verify(mac_text(raw[:-MAC_SIZE_BYTES], card_id), record.mac):
        raise MacError(f"{layout.name}: the MAC does not match this meter's key")
    return record


def reactivation_token(key: Key, meter_id: int, order_number: int) -> bytes:
    """Return the token that cancels T1 and T2 of an armed meter; deliberately without a date."""
    return key.mac(_token_text(meter_id, order_number))


def reactivation_token_valid(key: Key, meter_id: int, order_number: int, token: bytes) -> bool:
    """Whether `token` is the reactivation token of this meter under this order number."""
    return key.verify(_token_text(meter_id, order_number), token)


def _token_text(meter_id: int, order_number: int) -> bytes:
    return meter_id.to_bytes(8, "big") + order_number.to_bytes(4, "big") + b"cancels T1 and T2"


def mac_text(body: bytes, card_id: CardId) -> bytes:
    """Return the bytes that a record's MAC covers; `body` is the record before the MAC."""
    return _MAC_HEAD.pack(card_id.meter_id, card_id.card_number, CARRIER_CODES[card_id.kind]) + body
