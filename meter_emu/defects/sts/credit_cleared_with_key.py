"""The credit goes with the old key."""

from card_protocol.tokens.sts.key_change import StsKeyChange
from meter_emu.defects import Defect, Effect, energy_bought
from meter_emu.firmware.token.sts import StsEffects
from meter_emu.firmware.token.sts_layouts import StsState


@Defect(
    mechanism="a key change that leaves the rest of the record as a factory does",
    effect=Effect.CUT_WRONGLY,
    law="energy-given",
    shown=energy_bought(
        "2024-03-01 18:00",
        sold=("2024-03-01 09:00 key 2014 3",),
        visits=("2024-03-01 09:20 token 1-1", "2024-03-01 09:21 token 1-2"),
        credit_wh=6000,
    ),
    blind="households whose key never changes, or whose credit is used up then",
    seen="inferred: the industry's pages say for 2024 that credit stays, as a rule to be kept",
    avoid="name each field that a change may touch, and compare all the others",
)
class CreditClearedWithKey(StsEffects):
    def rekeyed(self, state: StsState, change: StsKeyChange) -> None:
        super().rekeyed(state, change)
        state.limit_units = 0
