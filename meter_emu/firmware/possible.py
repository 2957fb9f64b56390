"""Whether a record can be: asked of all that a meter is given, in its memory or on a card.

A CRC and a MAC say that bytes are as somebody wrote them, and nothing of what they say. So a record
is asked before anything follows from it, and one that cannot be is as good as none: of the memory
the other copy counts, and on a card it is refused as `BAD_FORMAT`. Whether a date exists is asked
where dates are read, for that is a part's, and has a code of its own.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from card_protocol.timestamp import BCD_NONE, MINUTES_NONE
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
from meter_emu.firmware.layouts import (
    MONEY_MAX_UEUR,
    EnergyAccount,
    Factory,
    Health,
    Rate,
    RtcBase,
    State,
    Supply,
    begins_with_civil,
)
from meter_emu.ports import Button
from meter_emu.units import MWH_PER_WH, UEUR_PER_CENT

PossibleEnd: TypeAlias = Callable[[bytes], bool]

_U32_MAX: Final = 0xFFFFFFFF
_DAY_MINUTES: Final = 1_440
_CENTURY_S: Final = 36_525 * 86_400  # of 2000 to 2099, what a clock chip counts right
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
    """Whether a record is one that program, factory or desk write; others come from elsewhere.

    `possible_end` says of the ends in a state whether the program's end store has written them.
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
        case Tariff():  # no energy is for nothing, and none counts for nothing
            prices_hold = 0 < record.night_price_ueur_per_wh <= record.price_ueur_per_wh
            return record.number > 0 and prices_hold and record.mwh_per_unit > 0
        case ClockSetting():  # all that may be believed of the clock would follow from it
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
    )


def _possible_state(state: State, possible_end: PossibleEnd) -> bool:
    return (
        state.supply in _SUPPLIES
        and state.account in _ACCOUNTS
        and state.rate in _RATES
        and state.health in _HEALTHS
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
