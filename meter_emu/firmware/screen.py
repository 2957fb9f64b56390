"""The texts and lamps of the panel.

It always shows why supply is off, the result of the last card, and T1 and T2 as understood.
"""

from collections.abc import Callable
from typing import Final

from card_protocol.timestamp import Civil
from meter_emu.domain import Result
from meter_emu.energies import BY_CODE
from meter_emu.firmware.layouts import (
    BY_NIGHT,
    DISCONNECTED,
    EVENT_CODE_AT,
    LOWER_BOUND,
    READY,
    EventCode,
    Health,
    Rate,
    StateFlags,
)
from meter_emu.firmware.rules import MeterRules, Standing
from meter_emu.firmware.supply import LIMIT, Block
from meter_emu.ports import Button, Lamp
from meter_emu.units import decimal, euro

_LAMPS: Final = tuple(map(Lamp, range(16)))  # by their bits
SHOWN_S: Final = 30  # how long a screen stays (UK card meters: "last screen visible 30 s")


def status(meter: MeterRules, standing: Standing) -> str:
    """Return the resting screen: first the reason if supply is off or limited."""
    supply = meter.state.supply
    if supply == READY:
        return _invitation(meter)
    if supply == DISCONNECTED and Block.PROGRAMMED in standing.blocks:
        if not meter.has_come(meter.state.cut_end):  # a later order named another day, or none
            return "OFF: PROGRAMMED CUT"
        return f"OFF: CUT AS OF {_date(meter.parts.ends.understood(meter.state.cut_end))}"
    if supply == DISCONNECTED:
        return "OFF: CREDIT EXHAUSTED"
    if standing.permission is LIMIT:
        return f"LIMITED TO {meter.factory.limiter_ampere} A"
    return _credit(standing)


def _invitation(meter: MeterRules) -> str:
    """Return how a person gets supply back, and why the last try failed."""
    factory = meter.factory
    key = Button(factory.rearm_key).name
    if not factory.rearm_hold_ms:
        return f"PRESS {key} TO RECONNECT"
    flowed = meter.state.events[EVENT_CODE_AT] == EventCode.FLOW_IN_TEST
    leaked = f"{BY_CODE[factory.energy].name.upper()} FLOWED, VALVE SHUT: " if flowed else ""
    return f"{leaked}SHUT ALL APPLIANCES, HOLD {key}"


def countdown(left_s: int) -> str:
    """Return the screen of the tightness test."""
    return f"WAIT {left_s} S, LEAVE ALL APPLIANCES SHUT"


def card_line(result: Result) -> str:
    """Return the result of a card in words."""
    return f"CARD {result:02X} {result.name}"


def scroll(meter: MeterRules, page: int) -> str:
    """Return a page of the button scroll; pages repeat."""
    return _PAGES[page % len(_PAGES)](meter)


def lamps(meter: MeterRules, standing: Standing, *, fault: bool) -> Lamp:
    """Return the lamps: the triangle when credit is used up, the invitation, a fault."""
    exhausted = bool(standing.blocks) and Block.CREDIT in standing.blocks
    ready = meter.state.supply == READY
    return _LAMPS[exhausted | ready << 1 | fault << 2 | (not meter.now.trusted) << 3]


def _credit(standing: Standing) -> str:
    return f"CREDIT {euro(standing.balance_ueur)} EUR"


def favour(meter: MeterRules) -> str:
    """Return what the resting screen adds in a shelter: what is left of it."""
    if not (meter.parts.favours.ends and meter.state.flags & StateFlags.SHELTERED):
        return ""
    left = meter.parts.favours.shelter_left(meter.state, meter.factory, meter.register_units)
    return f", OFF IN {left.minutes // 60} H OR {left.wh // 1000} {_priced(meter)}"


def _date(when: Civil | None) -> str:
    return str(when) if when else "NONE"


def _clock(meter: MeterRules) -> str:
    now = meter.now
    legal = meter.parts.zone.to_legal(now.utc_s // 60) if now.utc_s else None
    lost_by = f" {Health(meter.state.lost_by).name}" if now.health is LOWER_BOUND else ""
    return f"CLOCK {_date(legal)} {now.health.name} +-{now.uncertainty_s}S{lost_by}"


def _priced(meter: MeterRules) -> str:
    return BY_CODE[meter.factory.energy].priced.panel


def _price(meter: MeterRules) -> str:
    ledger, state = meter.parts.ledger, meter.state
    price = ledger.price_ueur_per_wh(state)
    which = f"{Rate(state.rate).name} " if ledger.bi_hourly(state) else ""
    ends = meter.parts.favours.ends and state.rate == BY_NIGHT and not meter.now.trusted
    left_wh = meter.parts.favours.night_left_wh(state, meter.register_units)
    left = f", {left_wh // 1000} {_priced(meter)} LEFT" if ends else ""
    return f"{which}PRICE {decimal(price, 1000)} EUR/{_priced(meter)}{left}"


def _untimed(meter: MeterRules) -> str:
    untimed_wh = meter.parts.ledger.untimed_wh(meter.state, meter.register_units)
    return f"USED WITHOUT TIME {decimal(untimed_wh, 1000)} {_priced(meter)}"


def _order(meter: MeterRules) -> str:
    state = meter.state
    return f"ORDER {state.order_number} {Result(state.order_result).name}"


_PAGES: Final[tuple[Callable[[MeterRules], str], ...]] = (
    _clock,
    lambda meter: f"T1 {_date(meter.parts.ends.understood(meter.state.defer_end))}",
    lambda meter: f"T2 {_date(meter.parts.ends.understood(meter.state.cut_end))}",
    _order,
    lambda meter: _credit(meter.standing()),
    _price,
    _untimed,
)
