"""The balance is micro-euro in a signed 32-bit number: above 2,147 euro it is negative."""

from meter_emu.defects import Defect, Effect, working_week
from meter_emu.domain import Wallet
from meter_emu.firmware.layouts import State
from meter_emu.firmware.ledger import Ledger


@Defect(
    mechanism="money in 31 bits",
    effect=Effect.CUT_WRONGLY,
    law="older-copy",
    shown=working_week(
        load_w=50,
        balance_eur=2000,
        visits=("2020-01-13 10:00 load 250", "2020-01-13 11:00 insert"),
    ),
    blind="balances up to 2,147 euro",
    seen="hundredths of a second in 31 bits (AD 2015-09-07); inferred for money",
    avoid="compute the largest sum before its width is chosen",
)
class BalanceIn31Bits(Ledger):
    """Was counted in cents before."""

    def load(self, state: State, wallet: Wallet) -> int:
        loaded = super().load(state, wallet)
        state.balance_ueur = (state.balance_ueur + 2**31) % 2**32 - 2**31
        return loaded
