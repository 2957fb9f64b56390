"""The register is read in 23 of its 32 bits."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.layouts import State
from meter_emu.firmware.ledger import Ledger
from meter_emu.units import MWH_PER_WH


@Defect(
    mechanism="a register of 32 bits read in 23",
    effect=Effect.WRONG_MONEY,
    law="account",
    shown=july(
        load_w=1000, then=("2020-07-01 10:00 insert",), keys=("age = { register_units = 8388000 }",)
    ),
    blind="registers that do not come to 2^23 units between two bookings",
    seen="HomeMatic energy sensors, which count in 23 bits and begin again after "
    "838,860.7 Wh; totals became negative "
    "(gh:DrozmotiX/ioBroker.sourceanalytix#594); three of five bytes of an energy "
    "(gh:olehs/PZEM004T#5)",
    avoid="read every byte of a register, and take differences modulo its width",
)
class RegisterIn23Bits(Ledger):
    def pending(self, state: State, register_units: int) -> tuple[int, int]:
        units = (register_units & 0x7FFFFF) - (state.booked_units & 0x7FFFFF)
        return divmod(state.remainder_mwh + max(0, units) * state.mwh_per_unit, MWH_PER_WH)
