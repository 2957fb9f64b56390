"""A load does not repay the emergency credit."""

from meter_emu.defects import Defect, Effect, working_week
from meter_emu.domain import Wallet
from meter_emu.firmware.layouts import State
from meter_emu.firmware.ledger import Ledger


@Defect(
    mechanism="an emergency credit that is not repaid",
    effect=Effect.WRONG_MONEY,
    law="emergency-again",
    shown=working_week(
        load_w=1000,
        visits=("2020-01-14 10:00 red", "2020-01-15 10:00 load 100", "2020-01-15 11:00 insert"),
    ),
    blind="households that take no emergency credit",
    seen="inferred: a later load that repays is a rule of its own (energieinfowallonie.be)",
    avoid="test money as a law: what was paid in is what is left and what was used",
)
class EmergencyNeverRepaid(Ledger):
    """Turns a loan into a gift."""

    def load(self, state: State, wallet: Wallet) -> int:
        debt_ueur, state.emergency_debt_ueur = state.emergency_debt_ueur, 0
        loaded = super().load(state, wallet)
        state.emergency_debt_ueur = debt_ueur
        return loaded
