"""Energy is multiplied in 16 bits."""

from meter_emu.defects import Defect, Effect, energy_bought
from meter_emu.firmware.token.sts import StsEffects
from meter_emu.firmware.token.sts_layouts import StsState


@Defect(
    mechanism="tenths of a kWh multiplied by a hundred in integers of 16 bits",
    effect=Effect.NOT_CREDITED,
    law="energy-once",
    shown=energy_bought(
        "2024-03-02 09:00",
        sold=("2024-03-01 09:00 wh 70000",),
        visits=("2024-03-01 09:10 token 1",),
        credit_wh=1000,
    ),
    blind="tokens of up to 65.5 kWh, and processors whose int has 32 bits",
    seen="energy that begins again after 65.535 kWh (gh:4-20ma/ModbusMaster#199)",
    avoid="give the first factor the width of the product",
)
class EnergyIn16Bits(StsEffects):
    def credited(self, state: StsState, wh: int) -> None:
        super().credited(state, wh & 0xFFFF)
