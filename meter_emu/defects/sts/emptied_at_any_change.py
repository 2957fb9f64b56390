"""The memory of TIDs is emptied at any key change."""

from card_protocol.tokens.sts.key_change import StsKeyChange
from meter_emu.defects import Defect, Effect, energy_bought
from meter_emu.firmware.token.sts import StsEffects
from meter_emu.firmware.token.sts_layouts import TIDS, StsState, tid_bytes


@Defect(
    mechanism="a memory that begins anew with each key: there and back, and what is used is new",
    effect=Effect.CREDITED_TWICE,
    law="there-and-back",
    shown=energy_bought(
        "2024-03-02 09:00",
        sold=("2024-03-01 09:00 wh 3000", *(f"2024-03-01 09:10 key 2014 {n}" for n in (3, 2))),
        visits=(
            "2024-03-01 09:30 token 1",
            *(f"2024-03-01 09:4{n} token {n // 2 + 2}-{n % 2 + 1}" for n in range(4)),
            "2024-03-01 10:00 token 1",
        ),
    ),
    blind="meters whose office never goes back to a key that they had",
    seen="an access key that is revoked: its old permission is good again for who kept it "
    "(gh:tempoxyz/tempo#1033)",
    avoid="keep what is used with the key, and empty it by the roll-over bit alone",
)
class EmptiedAtAnyChange(StsEffects):
    def rekeyed(self, state: StsState, change: StsKeyChange) -> None:
        super().rekeyed(state, change)
        state.tids = tid_bytes((0,) * TIDS)
