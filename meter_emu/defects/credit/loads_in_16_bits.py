"""What was ever loaded is counted in 16 bits of cents: after 655.35 euro it begins anew."""

from meter_emu.defects import Defect, Effect, working_week
from meter_emu.domain import Wallet
from meter_emu.firmware.layouts import State
from meter_emu.firmware.ledger import Ledger


@Defect(
    mechanism="a sum of loads in 16 bits",
    effect=Effect.WRONG_MONEY,
    law="many-loads",
    shown=working_week(
        load_w=50,
        visits=(*("2020-01-13 10:00 load 250",) * 3, "2020-01-13 11:00 insert"),
    ),
    blind="the first 655.35 euro of a meter's life",
    seen="hours of a disk in 16 bits (hardcoregames.ca, November 2019); inferred for money",
    avoid="compute what a meter takes in its life before its counters get a width",
)
class LoadsIn16Bits(Ledger):
    """Forgets a carry."""

    def load(self, state: State, wallet: Wallet) -> int:
        loaded = super().load(state, wallet)
        state.accepted_cents &= 0xFFFF
        return loaded
