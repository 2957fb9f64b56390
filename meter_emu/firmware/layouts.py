"""Where everything a meter must remember lies in its EEPROM: factory record and state record.

`docs/meter-image.md` is the same for readers, and a test holds both together. Big-endian, no gaps,
CRC-32 (IEEE 802.3) in the last four bytes over all before it. All of it is ours: no Belgian
meter's memory map is public.
"""

from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Final, final
from zlib import crc32

import construct as c

from card_protocol.formats.budget import Result
from card_protocol.layout import Layout
from card_protocol.timestamp import BCD_NONE

FACTORY_AT: Final = 0x0000
STATE_AT: Final = (0x0100, 0x0200)  # two copies, page-aligned, never sharing a page
LAYOUT_VERSION: Final = 1
END_SIZE_BYTES: Final = 12
EVENT_SIZE_BYTES: Final = 8
EVENT_CODE_AT: Final = 4  # within an event
EVENT_COUNT: Final = 8
EVENTS_IN_WRITE_BACK: Final = 3
NO_EVENTS: Final = b"\xff" * (EVENT_SIZE_BYTES * EVENT_COUNT)
NO_END: Final = BCD_NONE + b"\xff" * (END_SIZE_BYTES - len(BCD_NONE))


@final
@unique
class FactoryFlags(IntEnum):
    """Bits of the factory record's `flags`: masks over its integer."""

    WINDOW_ON = 0x01  # the non-disconnection function, a parameter of each network operator
    WINDOW_WEEKEND = 0x02  # whole Saturdays and Sundays are inside it
    DEFERRAL_SUSPENDS = 0x04  # while a deferral holds, balance stands still (ours; unknown in 2020)
    NIGHT_ON = 0x08  # the meter has night hours, so a tariff may have a night price
    NIGHT_WEEKEND = 0x10  # whole Saturdays and Sundays are night


@final
@unique
class RtcBase(IntEnum):
    """What the clock chip's registers count."""

    UTC = 0
    STANDARD = 1  # CET all year
    LEGAL = 2  # CET and CEST, stepped by the program


@final
@unique
class StateFlags(IntEnum):
    """Bits of the state record's `flags`: masks over its integer."""

    PREPAYMENT_ON = 0x01
    LIMITER_GRANTED = 0x02
    CUT_LATCHED = 0x04  # T2 was reached: block PROGRAMMED until a reactivation
    LOW_CREDIT_SAID = 0x08  # the low-credit beep has sounded since the last load
    SUMMER = 0x10  # base LEGAL: the registers stand in summer time
    STEP_PENDING = 0x20  # base LEGAL: a step of one hour was begun
    DEFERRAL_OVER = 0x40  # T1 was reached: a clock lost later does not bring it back


@final
@unique
class Supply(IntEnum):
    """Control state of contactor or valve (DLMS disconnect control, class 70, attribute 3)."""

    DISCONNECTED = 0
    CONNECTED = 1
    READY_FOR_RECONNECTION = 2


@final
@unique
class EnergyAccount(IntEnum):
    """Which register the energy now flowing is booked to."""

    CHARGED = 0
    DEFERRED = 1
    POSTPAID = 2


@final
@unique
class Rate(IntEnum):
    """Which price the energy now flowing costs; a mono-hourly tariff has only the first."""

    DAY = 0
    NIGHT = 1


@final
@unique
class Health(IntEnum):
    """Whether the clock may be believed, and if not, why not. Stays until a clock is set.

    LOWER_BOUND is a clock moved forward to an instant that has certainly passed: what must not be
    early may be decided by it, nothing else.
    """

    TRUSTED = 0
    LOW_VOLTAGE = 1
    IMPOSSIBLE_DATE = 2
    BACKWARDS = 3
    TOO_FAR_AHEAD = 4
    SET_TOO_LONG_AGO = 5
    TICKS_DISAGREE = 6
    BEING_SET = 7
    LOWER_BOUND = 8


@final
@unique
class EventCode(IntEnum):
    """What the meter journals and writes back to the card."""

    POWER_ON = 1
    CUT_PROGRAMMED = 2
    CUT_CREDIT = 3
    READY = 4
    RECONNECTED = 5
    ORDER_EXECUTED = 6
    CARD_REFUSED = 7
    CREDIT_LOADED = 8
    EMERGENCY_TAKEN = 9
    CLOCK_LOST = 10
    SWITCH_DISAGREES = 11
    CLOCK_SET = 12
    STEP_DOUBTED = 13
    FLOW_IN_TEST = 14
    END_DISAGREES = 20
    EXPIRY_UNCHECKED = 21


@dataclass(frozen=True, slots=True)
class Factory:
    """What the factory and the installer wrote: never rewritten by the program."""

    magic: bytes
    version: int
    energy: int
    model: bytes
    meter_id: int
    flags: int
    limiter_ampere: int
    window_start_minute: int
    window_end_minute: int
    drift_bound_ppb: int
    trust_max_days: int
    outage_max_days: int
    emergency_cents: int
    load_max_cents: int
    low_credit_cents: int
    rtc_base: int
    rearm_key: int
    rearm_hold_ms: int
    tightness_s: int
    night_start_minute: int
    night_end_minute: int
    key_meter_auth: bytes
    key_card_auth: bytes
    key_desk_record: bytes
    key_meter_record: bytes
    key_reactivation: bytes
    reserved: bytes
    crc: int

    def __repr__(self) -> str:
        return f"Factory(meter_id={self.meter_id}, keys=***)"


@dataclass(slots=True)
class State:
    """The working copy of everything that changes. Saved whole or not at all."""

    magic: bytes
    version: int
    flags: int
    sequence: int
    last_time_s: int
    last_ticks_ms: int
    last_day: int
    clock_set_s: int
    set_error_s: int
    clock_card_s: int
    health: int
    supply: int
    account: int
    order_result: int
    booked_units: int
    charged_wh: int
    deferred_wh: int
    postpaid_wh: int
    balance_ueur: int
    charged_ueur: int
    emergency_debt_ueur: int
    accepted_cents: int
    accepted_count: int
    order_number: int
    session_count: int
    price_ueur_per_wh: int
    mwh_per_unit: int
    remainder_mwh: int
    tariff_number: int
    defer_end: bytes
    cut_end: bytes
    events: bytes
    card_number: int
    night_price_ueur_per_wh: int
    night_wh: int
    charged_night_wh: int
    rate: int
    untimed_wh: int
    reserved: bytes
    crc: int


_U8, _U16, _U32, _U64 = c.Int8ub, c.Int16ub, c.Int32ub, c.Int64ub
_KEY: Final = c.Bytes(16)

FACTORY: Final = Layout(
    "factory record",
    c.Struct(
        "magic" / c.Bytes(2),
        "version" / _U8,
        "energy" / _U8,
        "model" / c.Bytes(24),
        "meter_id" / _U64,
        "flags" / _U8,
        "limiter_ampere" / _U8,
        "window_start_minute" / _U16,
        "window_end_minute" / _U16,
        "drift_bound_ppb" / _U32,
        "trust_max_days" / _U16,
        "outage_max_days" / _U16,
        "emergency_cents" / _U32,
        "load_max_cents" / _U32,
        "low_credit_cents" / _U32,
        "rtc_base" / _U8,
        "rearm_key" / _U8,
        "rearm_hold_ms" / _U16,
        "tightness_s" / _U16,
        "night_start_minute" / _U16,
        "night_end_minute" / _U16,
        "key_meter_auth" / _KEY,
        "key_card_auth" / _KEY,
        "key_desk_record" / _KEY,
        "key_meter_record" / _KEY,
        "key_reactivation" / _KEY,
        "reserved" / c.Bytes(100),
        "crc" / _U32,
    ),
    Factory,
    magic=b"MF",
)
STATE: Final = Layout(
    "state record",
    c.Struct(
        "magic" / c.Bytes(2),
        "version" / _U8,
        "flags" / _U8,
        "sequence" / _U32,
        "last_time_s" / _U32,
        "last_ticks_ms" / _U32,
        "last_day" / _U16,
        "clock_set_s" / _U32,
        "set_error_s" / _U16,
        "clock_card_s" / _U32,
        "health" / _U8,
        "supply" / _U8,
        "account" / _U8,
        "order_result" / _U8,
        "booked_units" / _U32,
        "charged_wh" / _U32,
        "deferred_wh" / _U32,
        "postpaid_wh" / _U32,
        "balance_ueur" / c.Int64sb,
        "charged_ueur" / _U64,
        "emergency_debt_ueur" / _U32,
        "accepted_cents" / _U32,
        "accepted_count" / _U32,
        "order_number" / _U32,
        "session_count" / _U32,
        "price_ueur_per_wh" / _U32,
        "mwh_per_unit" / _U16,
        "remainder_mwh" / _U16,
        "tariff_number" / _U16,
        "defer_end" / c.Bytes(END_SIZE_BYTES),
        "cut_end" / c.Bytes(END_SIZE_BYTES),
        "events" / c.Bytes(EVENT_SIZE_BYTES * EVENT_COUNT),
        "card_number" / _U32,
        "night_price_ueur_per_wh" / _U32,
        "night_wh" / _U32,
        "charged_night_wh" / _U32,
        "rate" / _U8,
        "untimed_wh" / _U32,
        "reserved" / c.Bytes(49),
        "crc" / _U32,
    ),
    State,
    magic=b"MS",
)
assert FACTORY.size_bytes == 256, "factory record drifted"
assert STATE.size_bytes == 256, "state record drifted"

CRC_SIZE_BYTES: Final = 4

_SUPPLIES: Final = frozenset(Supply)
_ACCOUNTS: Final = frozenset(EnergyAccount)
_RATES: Final = frozenset(Rate)
_HEALTHS: Final = frozenset(Health)
_RESULTS: Final = frozenset(Result)


def codes_known(state: State) -> bool:
    """Whether every code in a state is one this program writes; others come from elsewhere."""
    return (
        state.supply in _SUPPLIES
        and state.account in _ACCOUNTS
        and state.rate in _RATES
        and state.health in _HEALTHS
        and state.order_result in _RESULTS
    )


def with_crc(raw: bytes) -> bytes:
    """Return `raw` with its last four bytes replaced by the CRC-32 of those before."""
    body = raw[:-CRC_SIZE_BYTES]
    return body + crc32(body).to_bytes(CRC_SIZE_BYTES, "big")


def crc_holds(raw: bytes) -> bool:
    """Whether the last four bytes are the CRC-32 of those before."""
    return crc32(raw[:-CRC_SIZE_BYTES]) == int.from_bytes(raw[-CRC_SIZE_BYTES:], "big")
