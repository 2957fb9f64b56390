"""While a deferral holds the energy is charged as ever."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.layouts import EnergyAccount, Factory, State
from meter_emu.firmware.ledger import Ledger


@Defect(
    mechanism="a deferral that the account does not know",
    effect=Effect.WRONG_MONEY,
    law="account",
    shown=july(then=("2020-07-02 10:00 insert",)),
    blind="meters whose model lets the balance go down in a deferral",
    seen="Nest, 29 March 2015: one part of a program knew of the change of clocks and another did "
    "not (theregister.com); inferred for a deferral",
    avoid="ask one place whether a promise holds",
)
class DeferralCharged(Ledger):
    """Knows the deferral at the switch and not in the account."""

    def account(self, state: State, factory: Factory, *, deferral_holds: bool) -> EnergyAccount:
        return super().account(state, factory, deferral_holds=False)
