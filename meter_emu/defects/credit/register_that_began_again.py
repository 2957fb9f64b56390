"""A register that began again at zero has nothing pending."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.layouts import State
from meter_emu.firmware.ledger import Ledger
from meter_emu.units import MWH_PER_WH


class RegisterThatBeganAgain(Ledger):
    def pending(self, state: State, register_units: int) -> tuple[int, int]:
        units = register_units - state.booked_units if register_units > state.booked_units else 0
        return divmod(state.remainder_mwh + units * state.mwh_per_unit, MWH_PER_WH)


DEFECT = Defect(
    mechanism="a register that is smaller than before taken for a fault",
    swap=RegisterThatBeganAgain,
    effect=Effect.WRONG_MONEY,
    law="account",
    shown=armed(
        "2020-07-03 23:01",
        on="2020-06-29 10:00",
        load_w=1000,
        then=("2020-07-01 10:00 insert",),
        keys=("age = { register_units = 4294967000 }",),
    ),
    blind="registers that do not wrap between two bookings",
    seen="meters whose counter is full report a negative rate, or none (gh:jomjol/AI-on-"
    "the-edge-device#3026, gh:powerapi-ng/pyJoules#21)",
    avoid="take differences modulo the width of the register",
)
