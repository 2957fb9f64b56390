"""The loads of a card are counted in a byte."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.domain import Result, Wallet
from meter_emu.firmware.layouts import Factory, State
from meter_emu.firmware.ledger import Ledger


@Defect(
    mechanism="loads counted in eight bits: the 256th is refused",
    effect=Effect.REFUSES,
    law="many-loads",
    shown=unannounced(
        "2020-02-03 06:00",
        "2020-02-05 20:00",
        load_w=500,
        balance_eur=2,
        visits=("2020-02-03 09:00 load 20", "2020-02-03 10:00 insert"),
        keys=("age = { load_count = 255, loaded_cents = 500000 }",),
    ),
    blind="meters of fewer than 255 loads",
    seen="frame counters of 16 bits in LoRaWAN servers: devices fall silent after 65535 "
    "messages (gh:brocaar/chirpstack-application-server#6, "
    "gh:TheThingsArchive/ttn#153)",
    avoid="compare counts in the width that they are kept in, and test at the end of it",
)
class LoadsIn8Bits(Ledger):
    def judge_wallet(self, state: State, factory: Factory, wallet: Wallet) -> Result:
        if wallet.load_count & 0xFF < state.accepted_count & 0xFF:
            return Result.WALLET_ROLLED_BACK
        return super().judge_wallet(state, factory, wallet)
