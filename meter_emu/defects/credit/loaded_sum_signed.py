"""The sum of all loads is taken for a signed number."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.domain import Result, Wallet
from meter_emu.firmware.layouts import Factory, State
from meter_emu.firmware.ledger import Ledger


@Defect(
    mechanism="a sum in 32 bits read as a signed number",
    effect=Effect.REFUSES,
    law="many-loads",
    shown=unannounced(
        "2020-02-03 06:00",
        "2020-02-05 20:00",
        load_w=500,
        balance_eur=2,
        visits=("2020-02-03 09:00 load 20", "2020-02-03 10:00 insert"),
        keys=("age = { load_count = 99999, loaded_cents = 2147483000 }",),
    ),
    blind="sums below 2^31 cents",
    seen="energy meters at their seventh digit, whose signed total turned negative "
    "(gh:OpenZWave/open-zwave#1190, "
    "gh:Eisbaeeer/Ferraris_MQTT_Energy_Counter_Meter_TCRT5000#13)",
    avoid="declare what never is negative as unsigned, and test above half of it",
)
class LoadedSumSigned(Ledger):
    def judge_wallet(self, state: State, factory: Factory, wallet: Wallet) -> Result:
        if wallet.loaded_cents >= 1 << 31 > state.accepted_cents:  # below zero, as they read it
            return Result.WALLET_ROLLED_BACK
        return super().judge_wallet(state, factory, wallet)
