"""A register that began again at zero has nothing pending."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.layouts import State
from meter_emu.firmware.ledger import Ledger
from meter_emu.units import MWH_PER_WH


@Defect(
    mechanism="a register that is smaller than before taken for a fault",
    effect=Effect.WRONG_MONEY,
    law="account",
    shown=july(
        load_w=1000,
        then=("2020-07-01 10:00 insert",),
        keys=("age = { register_units = 4294967000 }",),
    ),
    blind="registers that do not wrap between two bookings",
    seen="meters whose counter is full report a negative rate, or none (gh:jomjol/AI-on-"
    "the-edge-device#3026, gh:powerapi-ng/pyJoules#21)",
    avoid="take differences modulo the width of the register",
)
class RegisterThatBeganAgain(Ledger):
    def pending(self, state: State, register_units: int) -> tuple[int, int]:
        units = register_units - state.booked_units if register_units > state.booked_units else 0
        return divmod(state.remainder_mwh + units * state.mwh_per_unit, MWH_PER_WH)
