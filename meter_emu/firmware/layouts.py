"""Where everything a meter must remember lies in its EEPROM: factory record and state record.

`docs/meter-image.md` has the same for readers; a test compares them. Big-endian, no gaps, CRC-32
(IEEE 802.3) in the last four bytes over all before it. All of it is ours: no Belgian meter's memory
map is public.

A CRC or a MAC shows that bytes are as somebody wrote them, not that they make sense. So a record is
checked for possible values before use. An impossible one counts as missing: in memory the other
copy is used, on a card it is refused as `BAD_FORMAT`. Dates are checked where they are read: that
is a part's job, with a code of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, unique
from functools import lru_cache
from typing import Annotated, Final, TypeAlias, final
from zlib import crc32

import construct as c

from card_protocol.errors import TimestampError
from card_protocol.keys import KEY_SIZE_BYTES, MAC_SIZE_BYTES
from card_protocol.layout import S64, U8, U16, U32, U64, Layout, Magic
from card_protocol.timestamp import BCD_NONE, MINUTES_NONE, decode_bcd_minute
from meter_emu.domain import (
    SET_ERROR_S_MAX,
    ClockSetting,
    Identity,
    Order,
    RawEnd,
    Reactivation,
    Result,
    Tariff,
    Wallet,
)
from meter_emu.energies import BY_CODE
from meter_emu.ports import Button
from meter_emu.units import MWH_PER_WH, UEUR_PER_CENT

FACTORY_AT: Final = 0x0000
STATE_AT: Final = (0x0100, 0x0200)  # two copies, page-aligned, never sharing a page
LAYOUT_VERSION: Final = 2
END_SIZE_BYTES: Final = 12
EVENT_SIZE_BYTES: Final = 8
EVENT_CODE_AT: Final = 4  # within an event
EVENT_COUNT: Final = 8
EVENTS_IN_WRITE_BACK: Final = 3
NO_EVENTS: Final = b"\xff" * (EVENT_SIZE_BYTES * EVENT_COUNT)
NO_ORDER: Final = b"\xff" * MAC_SIZE_BYTES  # in place of the MAC of an order
NO_END: Final = BCD_NONE + b"\xff" * (END_SIZE_BYTES - len(BCD_NONE))
KeyField: TypeAlias = Annotated[bytes, c.Bytes(KEY_SIZE_BYTES)]


# Plain masks, as a poll asks for twenty: in Python 3.11 a member of an enum costs three times one.
@final
class FactoryFlags:
    """Bits of the factory record's `flags`: masks over its integer."""

    WINDOW_ON: Final = 0x01  # the non-disconnection function, a parameter of each network operator
    WINDOW_WEEKEND: Final = 0x02  # whole Saturdays and Sundays are inside it
    # While a deferral holds, the balance does not change (ours; unknown in 2020).
    DEFERRAL_SUSPENDS: Final = 0x04
    NIGHT_ON: Final = 0x08  # the meter has night hours, so a tariff may have a night price
    NIGHT_WEEKEND: Final = 0x10  # whole Saturdays and Sundays are night
    # A later T2 lets a person reconnect a meter that has cut (both readings: docs/meter-model.md).
    LATER_CUT_RECONNECTS: Final = 0x20


@final
@unique
class RtcBase(IntEnum):
    """What the clock chip's registers count."""

    UTC = 0
    STANDARD = 1  # the zone's, all year
    LEGAL = 2  # the zone's, summer time too: stepped by the program


@final
class StateFlags:
    """Bits of the state record's `flags`: masks over its integer."""

    PREPAYMENT_ON: Final = 0x01
    LIMITER_GRANTED: Final = 0x02
    CUT_LATCHED: Final = 0x04  # T2 was reached: block PROGRAMMED until a reactivation
    LOW_CREDIT_SAID: Final = 0x08  # the low-credit beep has sounded since the last load
    SUMMER: Final = 0x10  # base LEGAL: the registers are in summer time
    STEP_PENDING: Final = 0x20  # base LEGAL: a step of one hour was begun
    DEFERRAL_OVER: Final = 0x40  # T1 was reached: a clock lost later does not bring it back
    SHELTERED: Final = 0x80  # the hours alone keep the supply on: what they give is counted


def masks_of(flags: type) -> dict[str, int]:
    """Return the masks of a record's flags by their names."""
    return {name: mask for name, mask in vars(flags).items() if name.isupper()}


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
    """Whether the clock may be trusted, and if not, why. Stays until a clock is set.

    LOWER_BOUND is a clock that was lost and goes on from what is certain, or from the desk's stamp:
    it decides only what must not be early. DISPUTED is a clock set at the meter while a desk's
    stamp is far ahead of it: office or clock is wrong, so it runs on and decides as LOWER_BOUND
    does.
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
    DISPUTED = 9


# What a poll asks for thirty times, by names of their own: as with the masks above, in Python 3.11
# a member of an enum costs three times a name, which came to a fifteenth of a poll.
UTC: Final = RtcBase.UTC
LEGAL: Final = RtcBase.LEGAL
CONNECTED: Final = Supply.CONNECTED
DISCONNECTED: Final = Supply.DISCONNECTED
READY: Final = Supply.READY_FOR_RECONNECTION
CHARGED: Final = EnergyAccount.CHARGED
BY_DAY: Final = Rate.DAY
BY_NIGHT: Final = Rate.NIGHT
TRUSTED: Final = Health.TRUSTED
LOWER_BOUND: Final = Health.LOWER_BOUND


@final
@unique
class EventCode(IntEnum):
    """Events that the meter journals and writes back to the card."""

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
    SESSIONS_DISAGREE = 15
    END_DISAGREES = 20
    EXPIRY_UNCHECKED = 21


@dataclass(frozen=True, slots=True)
class Factory:
    """The values that factory and installer wrote: never rewritten by the program."""

    magic: Magic
    version: U8
    energy: U8
    model: Annotated[bytes, c.Bytes(24)]
    meter_id: U64
    flags: Annotated[U8, "bits"]
    limiter_ampere: Annotated[U8, "A"]
    window_start_minute: Annotated[U16, "min"]
    window_end_minute: Annotated[U16, "min"]
    drift_bound_ppb: Annotated[U32, "ppb"]
    trust_max_days: Annotated[U16, "d"]
    outage_max_days: Annotated[U16, "d"]
    emergency_cents: Annotated[U32, "cent"]
    load_max_cents: Annotated[U32, "cent"]
    low_credit_cents: Annotated[U32, "cent"]
    rtc_base: U8
    rearm_key: Annotated[U8, "bits"]
    rearm_hold_ms: Annotated[U16, "ms"]
    tightness_s: Annotated[U16, "s"]
    night_start_minute: Annotated[U16, "min"]
    night_end_minute: Annotated[U16, "min"]
    key_meter_auth: KeyField
    key_card_auth: KeyField
    key_desk_record: KeyField
    key_meter_record: KeyField
    key_reactivation: KeyField
    connection_w: Annotated[U32, "W"]
    shelter_longest_min: Annotated[U16, "min"]
    reserved: Annotated[bytes, c.Bytes(94)]
    crc: U32

    def __repr__(self) -> str:
        return f"Factory(meter_id={self.meter_id}, keys=***)"


@dataclass(slots=True)
class State:
    """The working copy of everything that changes. Saved whole or not at all."""

    magic: Magic
    version: U8
    flags: Annotated[U8, "bits"]
    sequence: U32
    last_time_s: Annotated[U32, "s since 2000 UTC"]
    last_ticks_ms: Annotated[U32, "ms"]
    last_day: Annotated[U16, "d since 2000"]
    clock_set_s: Annotated[U32, "s since 2000 UTC"]
    set_error_s: Annotated[U16, "s"]
    clock_card_s: Annotated[U32, "s since 2000 UTC"]
    health: U8
    supply: U8
    account: U8
    order_result: U8
    booked_units: Annotated[U32, "Wh or dm³"]
    charged_wh: Annotated[U32, "Wh"]
    deferred_wh: Annotated[U32, "Wh"]
    postpaid_wh: Annotated[U32, "Wh"]
    balance_ueur: Annotated[S64, "micro-euro"]
    charged_ueur: Annotated[U64, "micro-euro"]
    emergency_debt_ueur: Annotated[U32, "micro-euro"]
    accepted_cents: Annotated[U32, "cent"]
    accepted_count: Annotated[U32, "loads"]
    order_number: U32
    session_count: Annotated[U32, "sessions"]
    price_ueur_per_wh: Annotated[U32, "micro-euro/Wh"]
    mwh_per_unit: Annotated[U16, "mWh/unit"]
    remainder_mwh: Annotated[U16, "mWh"]
    tariff_number: U16
    defer_end: Annotated[bytes, c.Bytes(END_SIZE_BYTES)]
    cut_end: Annotated[bytes, c.Bytes(END_SIZE_BYTES)]
    events: Annotated[bytes, c.Bytes(EVENT_SIZE_BYTES * EVENT_COUNT)]
    card_number: U32
    night_price_ueur_per_wh: Annotated[U32, "micro-euro/Wh"]
    night_wh: Annotated[U32, "Wh"]
    charged_night_wh: Annotated[U32, "Wh"]
    rate: U8
    untimed_wh: Annotated[U32, "Wh"]
    certain_s: Annotated[U32, "s since 2000 UTC"]
    latched_end: Annotated[bytes, c.Bytes(END_SIZE_BYTES)]
    refused_stamp_min: Annotated[U32, "min since 2000 UTC"]
    sheltered_wh: Annotated[U32, "Wh"]
    sheltered_min: Annotated[U16, "min"]
    sheltered_ticks_ms: Annotated[U32, "ms"]
    doubted_from_wh: Annotated[U32, "Wh"]
    lost_by: U8
    order_mac: Annotated[bytes, c.Bytes(MAC_SIZE_BYTES)]
    shown_session: Annotated[U32, "sessions"]
    powered_from_min: Annotated[U16, "min"]
    crc: U32


FACTORY: Final = Layout("factory record", Factory, magic=b"MF")
STATE: Final = Layout("state record", State, magic=b"MS")
assert FACTORY.size_bytes == 256, "factory record drifted"
assert STATE.size_bytes == 256, "state record drifted"
assert STATE.fields[-1].name == "crc", "its CRC is the last field"

_CRC_SIZE_BYTES: Final = 4
_HOUR_MIN: Final = 60

MONEY_MAX_UEUR: Final = 1 << 62  # ours: four million million euro; sums stop there


@lru_cache(maxsize=64)  # every poll checks it for the same two or three ends
def begins_with_civil(end: bytes) -> bool:
    """Whether an end is none, or begins with the announced civil time."""
    if end == NO_END:
        return True
    try:
        return decode_bcd_minute(end[: len(BCD_NONE)]) is not None
    except TimestampError:
        return False


def journalled_lately(events: bytes, code: EventCode, minute: int) -> bool:
    """Whether the journal has an event of the hour before a minute, or without a time as it is."""
    for at in range(0, len(events), EVENT_SIZE_BYTES):
        ago_min = minute - int.from_bytes(events[at : at + EVENT_CODE_AT], "big")
        if events[at + EVENT_CODE_AT] == code and 0 <= ago_min < _HOUR_MIN:
            return True
    return False


def with_crc(raw: bytes) -> bytes:
    """Return `raw` with its last four bytes replaced by the CRC-32 of those before."""
    body = raw[:-_CRC_SIZE_BYTES]
    return body + crc32(body).to_bytes(_CRC_SIZE_BYTES, "big")


def crc_holds(raw: bytes) -> bool:
    """Whether the last four bytes are the CRC-32 of those before."""
    return crc32(raw[:-_CRC_SIZE_BYTES]) == int.from_bytes(raw[-_CRC_SIZE_BYTES:], "big")


PossibleEnd: TypeAlias = Callable[[bytes], bool]

_U32_MAX: Final = 0xFFFFFFFF
_DAY_MINUTES: Final = 1_440
_CENTURY_S: Final = 36_525 * 86_400  # of 2000 to 2099, the range that a clock chip counts right
_DRIFT_MAX_PPB: Final = 1_000_000  # ours: 86 s a day; no quartz is worse
_BASES: Final = frozenset(RtcBase)
_KEYS: Final = frozenset(map(int, Button))
_SUPPLIES: Final = frozenset(Supply)
_ACCOUNTS: Final = frozenset(EnergyAccount)
_RATES: Final = frozenset(Rate)
_HEALTHS: Final = frozenset(Health)
_RESULTS: Final = frozenset(Result)


def possible(
    record: State | Factory | Identity | Wallet | Order | Tariff | ClockSetting,
    possible_end: PossibleEnd = begins_with_civil,
) -> bool:
    """Whether program, factory or desk could have written a record.

    `possible_end` is the end store's check of the ends in a state.
    """
    match record:
        case State():
            return _possible_state(record, possible_end)
        case Factory():
            return _possible_factory(record)
        case Identity():
            return record.card_number > 0
        case Wallet():  # money comes in loads
            return bool(record.loaded_cents) == bool(record.load_count)
        case Order():
            dated = not (_is_none(record.defer_until) and _is_none(record.cut_at))
            reactivates = record.reactivation is not Reactivation.NONE
            return not record.unknown and not (reactivates and dated)
        case Tariff():  # no energy is free, and no unit holds none
            prices_hold = 0 < record.night_price_ueur_per_wh <= record.price_ueur_per_wh
            return record.number > 0 and prices_hold and record.mwh_per_unit > 0
        case ClockSetting():  # trust in the clock depends on all of these
            return 1 <= record.set_error_s <= SET_ERROR_S_MAX


def _is_none(end: RawEnd) -> bool:
    return end.civil == BCD_NONE and end.minute in {None, MINUTES_NONE}


def _possible_factory(factory: Factory) -> bool:
    return (
        factory.energy in BY_CODE
        and factory.meter_id > 0
        and factory.rtc_base in _BASES
        and factory.rearm_key in _KEYS
        and factory.drift_bound_ppb <= _DRIFT_MAX_PPB
        and factory.emergency_cents * UEUR_PER_CENT <= _U32_MAX
        and factory.window_start_minute < _DAY_MINUTES
        and factory.window_end_minute < _DAY_MINUTES
        and factory.night_start_minute < _DAY_MINUTES
        and factory.night_end_minute < _DAY_MINUTES
        and factory.connection_w > 0
        and factory.shelter_longest_min > 0
    )


def _possible_state(state: State, possible_end: PossibleEnd) -> bool:
    return (
        state.supply in _SUPPLIES
        and state.account in _ACCOUNTS
        and state.rate in _RATES
        and state.health in _HEALTHS
        and state.lost_by in _HEALTHS
        and state.order_result in _RESULTS
        and state.last_time_s < _CENTURY_S
        and state.clock_set_s < _CENTURY_S
        and state.certain_s < _CENTURY_S
        and state.remainder_mwh < MWH_PER_WH
        and state.mwh_per_unit > 0
        and 0 < state.night_price_ueur_per_wh <= state.price_ueur_per_wh
        and -MONEY_MAX_UEUR <= state.balance_ueur <= MONEY_MAX_UEUR
        and state.charged_ueur <= MONEY_MAX_UEUR
        and possible_end(state.defer_end)
        and possible_end(state.cut_end)
        and possible_end(state.latched_end)
    )
