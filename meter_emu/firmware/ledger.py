"""Money and energy: integers only, micro-euro, watt-hours and a remainder that is never lost.

The register counts *units*: watt-hours of electricity, cubic decimetres of gas. A factor of the
tariff turns them into energy (1000 mWh a unit for electricity, the calorific factor for gas); what
does not fill a watt-hour is kept, in milliwatt-hours, for the next booking. So electricity is the
same arithmetic with a remainder that stays 0.

The register runs free; what is not booked yet is its difference to the last booked value. Energy is
booked to the current account *before* a change: CHARGED costs, DEFERRED is counted for the later
invoice (2020: "la facturation reportée"), POSTPAID is a meter with prepayment off. The rate works
alike: all pending energy belongs to the day or to the night. Energy used while the clock was not
trusted is also counted separately: its hours are unknown.

accepted = balance - emergency debt + charged: the law of money inside one meter.
"""

from typing import Final

from meter_emu.domain import Result, Wallet
from meter_emu.firmware.layouts import (
    BY_NIGHT,
    CHARGED,
    MONEY_MAX_UEUR,
    TRUSTED,
    EnergyAccount,
    Factory,
    FactoryFlags,
    State,
    StateFlags,
    possible,
)
from meter_emu.units import MWH_PER_WH, UEUR_PER_CENT

_U32: Final = 0xFFFFFFFF
_HALF: Final = 2**31  # units of the register that count as ahead, as with sequence numbers


class Ledger:
    """Booking, loading, emergency credit. A part."""

    __slots__ = ()

    def account(self, state: State, factory: Factory, *, deferral_holds: bool) -> EnergyAccount:
        """Return which account the energy now flowing belongs to."""
        if not state.flags & StateFlags.PREPAYMENT_ON:
            return EnergyAccount.POSTPAID
        if deferral_holds and factory.flags & FactoryFlags.DEFERRAL_SUSPENDS:
            return EnergyAccount.DEFERRED
        return CHARGED

    def bi_hourly(self, state: State) -> bool:
        """Whether the night has a price of its own."""
        return state.night_price_ueur_per_wh != state.price_ueur_per_wh

    def price_ueur_per_wh(self, state: State) -> int:
        """Return the price of the energy now flowing."""
        return state.night_price_ueur_per_wh if state.rate == BY_NIGHT else state.price_ueur_per_wh

    def book(self, state: State, register_units: int) -> None:
        """Book the pending energy to the current account."""
        state.untimed_wh = self.untimed_wh(state, register_units)
        sheltered_wh = state.sheltered_wh + self.sheltering_wh(state, register_units)
        state.sheltered_wh = min(sheltered_wh, _U32)
        pending_units, state.remainder_mwh = self.pending(state, register_units)
        state.booked_units = register_units
        if state.rate == BY_NIGHT:
            state.night_wh = (state.night_wh + pending_units) & _U32
        if state.account == CHARGED:
            cost_ueur = pending_units * self.price_ueur_per_wh(state)
            state.charged_wh = (state.charged_wh + pending_units) & _U32
            if state.rate == BY_NIGHT:
                state.charged_night_wh = (state.charged_night_wh + pending_units) & _U32
            state.charged_ueur = min(state.charged_ueur + cost_ueur, MONEY_MAX_UEUR)
            state.balance_ueur = max(state.balance_ueur - cost_ueur, -MONEY_MAX_UEUR)
        elif state.account == EnergyAccount.DEFERRED:
            state.deferred_wh = (state.deferred_wh + pending_units) & _U32
        else:
            state.postpaid_wh = (state.postpaid_wh + pending_units) & _U32

    def balance_ueur(self, state: State, register_units: int) -> int:
        """Return the balance with the pending energy taken off, emergency credit included."""
        if state.account != CHARGED:
            return state.balance_ueur
        pending_units, _ = self.pending(state, register_units)
        return state.balance_ueur - pending_units * self.price_ueur_per_wh(state)

    def untimed_wh(self, state: State, register_units: int) -> int:
        """Return all energy used while the clock was not trusted, pending energy included."""
        if state.health == TRUSTED:
            return state.untimed_wh
        pending_wh, _ = self.pending(state, register_units)
        return (state.untimed_wh + pending_wh) & _U32

    def sheltering_wh(self, state: State, register_units: int) -> int:
        """Return the energy not booked yet that the shelter alone has given."""
        if not state.flags & StateFlags.SHELTERED:
            return 0
        return self.pending(state, register_units)[0]

    def pending(self, state: State, register_units: int) -> tuple[int, int]:
        """Return the whole Wh not booked yet, and the mWh left over; the register wraps."""
        units = (register_units - state.booked_units) & _U32
        return divmod(state.remainder_mwh + units * state.mwh_per_unit, MWH_PER_WH)

    def units_until(self, state: State, balance_ueur: int) -> int | None:
        """Return the register value at which the balance first is at or below `balance_ueur`.

        `None` if it does not change or is there already.
        """
        spare_ueur = state.balance_ueur - balance_ueur
        price_ueur_per_wh = self.price_ueur_per_wh(state)
        costs = price_ueur_per_wh * state.mwh_per_unit
        if state.account != CHARGED or spare_ueur <= 0 or not costs:
            return None
        return self.units_at(state, -(-spare_ueur // price_ueur_per_wh))

    def units_at(self, state: State, pending_wh: int) -> int:
        """Return the register value at which first so much is not booked yet."""
        wanted_mwh = pending_wh * MWH_PER_WH - state.remainder_mwh
        return (state.booked_units + -(-wanted_mwh // state.mwh_per_unit)) & _U32

    def marks(self, state: State, factory: Factory, balance_ueur: int) -> tuple[int, ...]:
        """Return the register value at the next mark the balance falls to: the beep, or the end."""
        # Two marks on the way down, and the nearer one wakes. None below zero: a balance that is
        # used up is answered at this very poll, and goes on falling only where a shield holds.
        mark_ueur = factory.low_credit_cents * UEUR_PER_CENT
        if state.flags & StateFlags.LOW_CREDIT_SAID or balance_ueur <= mark_ueur:
            mark_ueur = 0
        left_ueur = balance_ueur - mark_ueur
        # Further than half the register counts as passed, and nobody uses so much before midnight.
        far_ueur = self.price_ueur_per_wh(state) * state.mwh_per_unit * _HALF
        if left_ueur <= 0 or left_ueur * MWH_PER_WH >= far_ueur:
            return ()
        mark = self.units_until(state, mark_ueur)
        return () if mark is None else (mark,)

    def judge_wallet(self, state: State, factory: Factory, wallet: Wallet) -> Result:
        """Return `EXECUTED` for new credit, `ALREADY_EXECUTED` for none, or the refusal."""
        if not possible(wallet):
            return Result.BAD_FORMAT
        cents = wallet.loaded_cents - state.accepted_cents
        loads = wallet.load_count - state.accepted_count
        if cents < 0 or loads < 0 or (loads == 0 and cents):
            return Result.WALLET_ROLLED_BACK
        if cents > loads * factory.load_max_cents:
            return Result.LOAD_TOO_LARGE
        return Result.EXECUTED if loads else Result.ALREADY_EXECUTED

    def load(self, state: State, wallet: Wallet) -> int:
        """Book the difference of a wallet judged `EXECUTED`; return the cents loaded.

        Emergency credit is repaid first and in full; only the rest is credit.
        """
        cents = wallet.loaded_cents - state.accepted_cents
        repaid_ueur = min(cents * UEUR_PER_CENT, state.emergency_debt_ueur)
        state.emergency_debt_ueur -= repaid_ueur
        loaded_ueur = cents * UEUR_PER_CENT - repaid_ueur
        state.balance_ueur = min(state.balance_ueur + loaded_ueur, MONEY_MAX_UEUR)
        state.accepted_cents = wallet.loaded_cents
        state.accepted_count = wallet.load_count
        state.flags &= ~StateFlags.LOW_CREDIT_SAID
        return cents

    def emergency_offered(self, state: State, factory: Factory) -> bool:
        """Whether emergency credit can be taken: once, until it is repaid in full."""
        # Doubt: who owes more than is lent, once a limiter is taken back, is lent it and stays off.
        # No source says whether a meter of 2020 lent it for nothing.
        return state.emergency_debt_ueur == 0 and factory.emergency_cents > 0

    def take_emergency(self, state: State, factory: Factory) -> None:
        """Advance the emergency credit."""
        assert self.emergency_offered(state, factory), "emergency credit is not offered"
        state.emergency_debt_ueur = factory.emergency_cents * UEUR_PER_CENT
        credit_ueur = state.balance_ueur + state.emergency_debt_ueur
        state.balance_ueur = min(credit_ueur, MONEY_MAX_UEUR)
