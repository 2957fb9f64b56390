"""The energy since the last booking is kept in 16 bits: 65.5 kWh a day at most."""

from meter_emu.defects import Defect, Effect, working_week
from meter_emu.firmware.layouts import State
from meter_emu.firmware.ledger import Ledger


@Defect(
    mechanism="an amount between two bookings in 16 bits",
    effect=Effect.WRONG_MONEY,
    law="many-loads",
    shown=working_week(
        load_w=5000,
        balance_eur=150,
        visits=("2020-01-16 11:00 insert",),
    ),
    blind="households that use less than 65 kWh a day",
    seen="minutes in 16 bits: aattww/sensors#3; inferred for energy",
    avoid="compute the most that can come between two bookings, and book when it is near",
)
class EnergyOfADayIn16Bits(Ledger):
    """Loses what does not fit."""

    def pending(self, state: State, register_units: int) -> tuple[int, int]:
        units = (register_units - state.booked_units) & 0xFFFF
        return super().pending(state, state.booked_units + units)
