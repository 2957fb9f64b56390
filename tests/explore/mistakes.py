"""Twenty-two mistakes that the catalogue has not, of one condition, of two, and of long lives.

Each was written before anybody looked which scope shows it.
"""

from typing import Any, Final

from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Desk, Work
from meter_emu.domain import Result
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.gate import OrderGate
from meter_emu.firmware.layouts import NO_END, StateFlags
from meter_emu.firmware.ledger import Ledger
from meter_emu.firmware.program import Program
from meter_emu.firmware.rules import MeterRules
from tests.explore import figures
from tests.explore.field import Report, entered


def limiter_lost_with_prices(
    self: OrderGate, order: Any, tariff: Any, state: Any, now: Any
) -> None:
    changed = tariff.number != state.tariff_number
    OrderGate.apply(self, order, tariff, state, now)
    if changed:
        state.flags &= ~StateFlags.LIMITER_GRANTED


def prepaid_once_reactivated(
    self: OrderGate, order: Any, tariff: Any, state: Any, now: Any
) -> None:
    before = state.cut_end
    OrderGate.apply(self, order, tariff, state, now)
    if before != NO_END and state.cut_end == NO_END:
        state.flags |= StateFlags.PREPAYMENT_ON


def load_lost_while_postpaid(self: Ledger, state: Any, wallet: Any) -> int:
    before_ueur = state.balance_ueur
    cents = Ledger.load(self, state, wallet)
    if not state.flags & StateFlags.PREPAYMENT_ON:
        state.balance_ueur = before_ueur
    return cents


def debt_paid_twice(self: Ledger, state: Any, wallet: Any) -> int:
    debt_ueur = state.emergency_debt_ueur
    cents = Ledger.load(self, state, wallet)
    if state.defer_end != NO_END:
        state.balance_ueur -= debt_ueur - state.emergency_debt_ueur
    return cents


def second_card_lasts(self: OrderGate, identity: Any, state: Any, now: Any) -> Result:
    result = OrderGate.judge_card(self, identity, state, now)
    expired = result is Result.CARD_EXPIRED and identity.card_number > 1
    return Result.EXECUTED if expired else result


def two_back_is_fresh(self: OrderGate, number: int, known: int) -> bool:
    return number > known or number == known - 2


def loads_by_thousands(self: Ledger, state: Any, factory: Any, wallet: Any) -> Result:
    result = Ledger.judge_wallet(self, state, factory, wallet)
    wrapped = wallet.load_count % 1000 < state.accepted_count % 1000
    return Result.WALLET_ROLLED_BACK if wrapped and result is Result.EXECUTED else result


def cents_in_24_bits(self: Ledger, state: Any, wallet: Any) -> int:
    cents = Ledger.load(self, state, wallet)
    if state.accepted_cents >> 24 != (state.accepted_cents - cents) >> 24:
        state.balance_ueur -= cents * 10_000
    return cents


def cards_in_8_bits(self: OrderGate, identity: Any, state: Any, now: Any) -> Result:
    if identity.card_number & 0xFF < state.card_number & 0xFF:
        return Result.CARD_REPLACED
    return OrderGate.judge_card(self, identity, state, now)


def cards_in_7_bits(self: OrderGate, identity: Any, state: Any, now: Any) -> Result:
    if identity.card_number & 0x7F < state.card_number & 0x7F:
        return Result.CARD_REPLACED
    return OrderGate.judge_card(self, identity, state, now)


def order_in_31_bits(self: OrderGate, number: int, known: int) -> bool:
    return number & 0x7FFFFFFF > known & 0x7FFFFFFF


def order_in_15_bits(self: OrderGate, number: int, known: int) -> bool:
    return number & 0x7FFF > known & 0x7FFF


def limiter_drops_the_cut(self: Desk, order: Any, work: Work, meter_id: int) -> Any:
    after = Desk._ordered(self, order, work, meter_id)
    return self._codec.disarmed(after) if work.limiter is not None else after


def prices_of_higher_numbers(
    self: OrderGate, order: Any, tariff: Any, state: Any, now: Any
) -> None:
    before = state.price_ueur_per_wh
    lower = tariff.number <= state.tariff_number
    OrderGate.apply(self, order, tariff, state, now)
    if lower and tariff.mwh_per_unit == state.mwh_per_unit:
        state.price_ueur_per_wh = before


def second_prices_forgotten(self: OrderGate, order: Any, tariff: Any, state: Any, now: Any) -> None:
    armed, before = state.cut_end != NO_END, state.price_ueur_per_wh
    OrderGate.apply(self, order, tariff, state, now)
    if armed:
        state.price_ueur_per_wh = before


def set_and_fed(self: Program, meter: Any, order: Any) -> Result:
    result = Program.obey_clock_card(self, meter, order)
    if result is Result.EXECUTED:
        meter.state.flags &= ~StateFlags.CUT_LATCHED
    return result


def set_and_undeferred(self: Program, meter: Any, order: Any) -> Result:
    result = Program.obey_clock_card(self, meter, order)
    if result is Result.EXECUTED:
        meter.state.defer_end = NO_END
    return result


def limiter_feeds_the_cut(self: MeterRules) -> bool:
    if self.state.flags & StateFlags.LIMITER_GRANTED:
        self.state.flags &= ~StateFlags.CUT_LATCHED
    return MeterRules.ask_supply(self)


def last_minute(self: EndStore, civil: Civil, now: Any, utc_min: int | None) -> int:
    at_min = EndStore.convert(self, civil, now, utc_min)
    return at_min + 60 if civil.minute == 59 else at_min


def debt_forgiven(self: OrderGate, order: Any, tariff: Any, state: Any, now: Any) -> None:
    postpaid = not state.flags & StateFlags.PREPAYMENT_ON
    OrderGate.apply(self, order, tariff, state, now)
    if postpaid and state.flags & StateFlags.PREPAYMENT_ON:
        state.balance_ueur = max(state.balance_ueur, 0)


def new_card_new_count(self: OrderGate, identity: Any, state: Any, now: Any) -> Result:
    if identity.card_number > state.card_number and state.order_number > 2:
        return Result.CARD_REPLACED
    return OrderGate.judge_card(self, identity, state, now)


def offered_while_armed(self: Ledger, state: Any, factory: Any) -> bool:
    return state.cut_end == NO_END and Ledger.emergency_offered(self, state, factory)


OURS: Final = {
    routine.__name__.replace("_", "-"): Report(part, name, routine, "ours")
    for part, name, routine in (
        (OrderGate, "apply", limiter_lost_with_prices),
        (OrderGate, "apply", prepaid_once_reactivated),
        (Ledger, "load", load_lost_while_postpaid),
        (Ledger, "load", debt_paid_twice),
        (OrderGate, "judge_card", second_card_lasts),
        (OrderGate, "fresh", two_back_is_fresh),
        (Ledger, "judge_wallet", loads_by_thousands),
        (Ledger, "load", cents_in_24_bits),
        (OrderGate, "judge_card", cards_in_8_bits),
        (OrderGate, "judge_card", cards_in_7_bits),
        (OrderGate, "fresh", order_in_31_bits),
        (OrderGate, "fresh", order_in_15_bits),
        (Desk, "_ordered", limiter_drops_the_cut),
        (OrderGate, "apply", prices_of_higher_numbers),
        (OrderGate, "apply", second_prices_forgotten),
        (Program, "obey_clock_card", set_and_fed),
        (Program, "obey_clock_card", set_and_undeferred),
        (MeterRules, "ask_supply", limiter_feeds_the_cut),
        (EndStore, "convert", last_minute),
        (OrderGate, "apply", debt_forgiven),
        (OrderGate, "judge_card", new_card_new_count),
        (Ledger, "emergency_offered", offered_while_armed),
    )
}


def looked(unit: tuple[str, tuple[figures.Step, ...], float]) -> figures.Looked:
    """Look for one of them."""
    with entered(OURS):
        return figures.looked(unit)
