"""The shelter ends by what was used in it alone: with a small load it lasts for months."""

from meter_emu.defects import Defect, Effect, office_hours
from meter_emu.firmware.favours import Favours
from meter_emu.firmware.layouts import Factory, State


@Defect(
    mechanism="a bound on an amount in place of a time",
    effect=Effect.WRONG_MONEY,
    law="shelter-has-an-end",
    shown=office_hours(load_w=500),
    blind="households that have power in office hours, or that use much",
    seen="ours: the bound that was thought of first",
    avoid="bound a favour by the time as well as by the amount",
)
class ShelterByEnergyAlone(Favours):
    """Counts no minutes."""

    def count(
        self, state: State, factory: Factory, ticks_ms: int, *, at_once: bool = False
    ) -> None:
        counted_min = state.sheltered_min
        super().count(state, factory, ticks_ms, at_once=at_once)
        state.sheltered_min = counted_min
