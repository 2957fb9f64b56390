"""The budget card: identity, wallet, tariff and write-back records, and generation 1's order.

No Belgian card format is public, so this one is an invention (`docs/card-format.md` is its
interface control document and a test holds both together). Its idea follows the published State
Grid card (Q/GDW 365): order file, cumulative wallet with a count, tariff file, write-back file.
Dates the household was told are civil time YYMMDDhhmm in BCD without zone, as fielded cards carry;
generation 2 puts the instant beside them, which takes an order record of its own
(`budget_instants`), and an expiry's instant is FF in generation 1. All other records are the same
bytes in both but for the generation.

Every record ends in an eight-byte AES-CMAC over meter number ‖ all bytes before the MAC. The
layouts are dumb: date fields stay five raw bytes, and reading them is the codec part of whoever
obeys them.
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag, unique
from typing import Final, Protocol, TypeVar, final

import construct as c

from card_protocol.errors import LayoutError, MacError
from card_protocol.keys import MAC_SIZE_BYTES, Key
from card_protocol.layout import Layout
from card_protocol.timestamp import BCD_MINUTE_SIZE_BYTES

GENERATION: Final = 1
NO_MAC: Final = b"\x00" * MAC_SIZE_BYTES
NO_TOKEN: Final = b"\xff" * MAC_SIZE_BYTES


@final
@unique
class Sfi(IntEnum):
    """Short file identifiers of the elementary files under the energy's DF."""

    IDENTITY = 1
    WALLET = 2
    ORDER = 3
    TARIFF = 4
    WRITE_BACK = 5


@final
@unique
class Energy(IntEnum):
    """Which energy a card or meter is for."""

    ELECTRICITY = 1
    GAS = 2


DF_ELECTRICITY: Final = 0xDF01  # one DF an energy, after the State Grid card (DF01, DF02, DF03)
DF_GAS: Final = 0xDF03
DF_OF: Final = {Energy.ELECTRICITY: DF_ELECTRICITY, Energy.GAS: DF_GAS}
MWH_PER_UNIT_ELECTRICITY: Final = 1000  # its unit is the watt-hour


@final
@unique
class ZoneRule(IntEnum):
    """Under which rule the civil time beside an instant was announced (generation 2)."""

    EUROPE_BRUSSELS = 1  # CET, and CEST as directive 2000/84/EC has it


NO_ZONE_RULE: Final = 0xFF  # beside no instant


@final
class OrderFlags(IntFlag):
    """Bits of the order record; all others are zero."""

    PREPAYMENT_ON = 0x01
    LIMITER_GRANTED = 0x02


@final
@unique
class Result(IntEnum):
    """What became of a card or of its order: shown on the display, written back to the card.

    Below 10h the card was obeyed; from 10h it was refused and nothing of it was executed.
    """

    NONE = 0x00
    EXECUTED = 0x01
    ALREADY_EXECUTED = 0x02
    PENDING = 0x03
    LATER_END_TAKEN = 0x04
    CARD_UNREADABLE = 0x10
    CARD_NOT_GENUINE = 0x11
    WRONG_METER = 0x12
    BAD_FORMAT = 0x13
    BAD_MAC = 0x14
    STALE_ORDER = 0x15
    BAD_DATE = 0x16
    CUT_BEFORE_DEFERRAL = 0x17
    BAD_TOKEN = 0x18
    TARIFF_MISMATCH = 0x19
    WALLET_ROLLED_BACK = 0x1A
    LOAD_TOO_LARGE = 0x1B
    CARD_REMOVED = 0x1C
    METER_NOT_CONFIGURED = 0x1D
    CUT_DISAGREES = 0x1E
    CARD_EXPIRED = 0x1F
    CLOCK_CARD_STALE = 0x20
    CARD_REPLACED = 0x21
    WRONG_ENERGY = 0x28
    NO_LIMITER = 0x29
    NO_NIGHT_HOURS = 0x2A

    @property
    def refused(self) -> bool:
        """Whether nothing of the card was executed."""
        return self >= 0x10


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose card this is. Written once, when the card is issued.

    `expires` is five BCD bytes or `BCD_NONE`; generation 2 has the instant and the zone rule beside
    it, `MINUTES_NONE` and `NO_ZONE_RULE` in generation 1 and where there is no expiry.
    """

    magic: bytes
    generation: int
    energy: int
    meter_id: int
    customer_ref: int
    card_number: int
    issued_at_min: int
    expires: bytes
    expires_min: int
    zone_rule: int
    reserved: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class Wallet:
    """The amount ever loaded for this meter, in cents, and how many loads that were.

    Both only grow; the meter books the difference to what it has accepted, so showing a card
    twice, or a torn session, can never pay twice.
    """

    magic: bytes
    generation: int
    pad: int
    loaded_cents: int
    load_count: int
    issued_at_min: int
    reserved: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class Order:
    """The one state the desk wants of the meter; the highest number replaces everything.

    `defer_until` (T1) and `cut_at` (T2) are five BCD bytes or `BCD_NONE`. `token` is the
    reactivation token or `NO_TOKEN`. Number 0 means that no order was ever written.
    """

    magic: bytes
    generation: int
    flags: int
    number: int
    defer_until: bytes
    cut_at: bytes
    tariff_number: int
    issued_at_min: int
    token: bytes
    reserved: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class Tariff:
    """The prices the meter counts with: micro-euro per watt-hour (250 = 0.25 EUR/kWh).

    `night_price_ueur_per_wh` holds in the night hours, which the meter knows and the card does not;
    it is never above the other. Both the same is a mono-hourly tariff: there is no other way to
    write one.

    `mwh_per_unit` is the energy in one unit of the register: 1000 for electricity, which counts
    watt-hours; for gas the calorific factor, in milliwatt-hours per cubic decimetre.
    """

    magic: bytes
    generation: int
    pad: int
    number: int
    price_ueur_per_wh: int
    night_price_ueur_per_wh: int
    mwh_per_unit: int
    issued_at_min: int
    reserved: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class WriteBack:
    """What the meter last did and how it stands, for the office to read.

    A memory card does not carry all of it (`budget_compact`): what may be `None` was then not
    carried. In the record here every field is a number.
    """

    magic: bytes
    generation: int
    result: int
    meter_id: int
    session_count: int
    clock: bytes
    clock_health: int
    uncertainty_s: int
    register_units: int
    charged_wh: int | None
    deferred_wh: int
    postpaid_wh: int | None
    balance_ueur: int
    charged_ueur: int | None
    emergency_debt_ueur: int | None
    accepted_cents: int
    accepted_count: int
    order_number: int
    order_result: int
    supply: int
    blocks: int
    shields: int
    defer_until: bytes
    cut_at: bytes
    tariff_number: int | None
    night_wh: int | None
    charged_night_wh: int | None
    events: bytes
    mac: bytes


_U8, _U16, _U32, _U64, _S64 = c.Int8ub, c.Int16ub, c.Int32ub, c.Int64ub, c.Int64sb
_HEAD: Final = ("magic" / c.Bytes(2), "generation" / _U8)
_MAC: Final = "mac" / c.Bytes(MAC_SIZE_BYTES)

IDENTITY: Final = Layout(
    "identity",
    c.Struct(
        *_HEAD,
        "energy" / _U8,
        "meter_id" / _U64,
        "customer_ref" / _U64,
        "card_number" / _U32,
        "issued_at_min" / _U32,
        "expires" / c.Bytes(BCD_MINUTE_SIZE_BYTES),
        "expires_min" / _U32,
        "zone_rule" / _U8,
        "reserved" / c.Bytes(2),
        _MAC,
    ),
    Identity,
    magic=b"BI",
)
WALLET: Final = Layout(
    "wallet",
    c.Struct(
        *_HEAD,
        "pad" / _U8,
        "loaded_cents" / _U32,
        "load_count" / _U32,
        "issued_at_min" / _U32,
        "reserved" / c.Bytes(8),
        _MAC,
    ),
    Wallet,
    magic=b"BW",
)
ORDER: Final = Layout(
    "order",
    c.Struct(
        *_HEAD,
        "flags" / _U8,
        "number" / _U32,
        "defer_until" / c.Bytes(5),
        "cut_at" / c.Bytes(5),
        "tariff_number" / _U16,
        "issued_at_min" / _U32,
        "token" / c.Bytes(8),
        "reserved" / c.Bytes(8),
        _MAC,
    ),
    Order,
    magic=b"BO",
)
TARIFF: Final = Layout(
    "tariff",
    c.Struct(
        *_HEAD,
        "pad" / _U8,
        "number" / _U16,
        "price_ueur_per_wh" / _U32,
        "night_price_ueur_per_wh" / _U32,
        "mwh_per_unit" / _U16,
        "issued_at_min" / _U32,
        "reserved" / c.Bytes(4),
        _MAC,
    ),
    Tariff,
    magic=b"BT",
)
WRITE_BACK: Final = Layout(
    "write-back",
    c.Struct(
        *_HEAD,
        "result" / _U8,
        "meter_id" / _U64,
        "session_count" / _U32,
        "clock" / c.Bytes(5),
        "clock_health" / _U8,
        "uncertainty_s" / _U16,
        "register_units" / _U32,
        "charged_wh" / _U32,
        "deferred_wh" / _U32,
        "postpaid_wh" / _U32,
        "balance_ueur" / _S64,
        "charged_ueur" / _U64,
        "emergency_debt_ueur" / _U32,
        "accepted_cents" / _U32,
        "accepted_count" / _U32,
        "order_number" / _U32,
        "order_result" / _U8,
        "supply" / _U8,
        "blocks" / _U8,
        "shields" / _U8,
        "defer_until" / c.Bytes(5),
        "cut_at" / c.Bytes(5),
        "tariff_number" / _U16,
        "night_wh" / _U32,
        "charged_night_wh" / _U32,
        "events" / c.Bytes(24),
        _MAC,
    ),
    WriteBack,
    magic=b"BB",
)
assert (IDENTITY.size_bytes, WALLET.size_bytes, ORDER.size_bytes) == (48, 32, 48), "layout drifted"
assert (TARIFF.size_bytes, WRITE_BACK.size_bytes) == (32, 128), "layout drifted"


class Record(Protocol):
    """What all records of a card have."""

    @property
    def generation(self) -> int:
        """Which generation of the format the record belongs to."""
        ...

    @property
    def mac(self) -> bytes:
        """Eight bytes over meter number and everything before."""
        ...


RecordT = TypeVar("RecordT", bound=Record)


def seal(layout: Layout[RecordT], record: RecordT, key: Key, meter_id: int) -> bytes:
    """Return the bytes of `record` with its MAC filled in; the `mac` it came with is ignored."""
    body = layout.build(record)[:-MAC_SIZE_BYTES]
    return body + key.mac(_covered(body, meter_id))


def open_sealed(
    layout: Layout[RecordT], raw: bytes, key: Key, meter_id: int, generation: int = GENERATION
) -> RecordT:
    """Return the record in `raw` after checking size, magic, `generation` and MAC.

    Raise `LayoutError` for the first three and `MacError` for the last: in that order, so that a
    foreign card is told apart from a forged one.
    """
    record = layout.parse(raw)
    if record.generation != generation:
        raise LayoutError(
            layout.name, offset=2, want=f"generation {generation}", got=str(record.generation)
        )
    if not key.verify(_covered(raw[:-MAC_SIZE_BYTES], meter_id), record.mac):
        raise MacError(f"{layout.name}: the MAC does not match this meter's key")
    return record


def reactivation_token(key: Key, meter_id: int, order_number: int) -> bytes:
    """Return the token that cancels both items of an armed meter. No date is in it, on purpose."""
    return key.mac(_token_text(meter_id, order_number))


def reactivation_token_valid(key: Key, meter_id: int, order_number: int, token: bytes) -> bool:
    """Whether `token` is the reactivation token of this meter under this order number."""
    return key.verify(_token_text(meter_id, order_number), token)


def _token_text(meter_id: int, order_number: int) -> bytes:
    return meter_id.to_bytes(8, "big") + order_number.to_bytes(4, "big") + b"cancels T1 and T2"


def _covered(body: bytes, meter_id: int) -> bytes:
    return meter_id.to_bytes(8, "big") + body
