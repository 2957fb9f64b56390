"""A reactivation clears the deferral and forgets the programmed cut: of two items, one stays."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.gate import OrderGate
from meter_emu.firmware.layouts import NO_END, State, StateFlags


@Defect(
    mechanism="a reactivation that clears only one of the two items",
    effect=Effect.CUT_WRONGLY,
    law="no-wrong-cut",
    shown=armed(
        "2020-07-03 23:01",
        on="2020-06-15 10:00",
        then=("2020-06-29 10:00 reactivate", "2020-06-29 10:10 insert"),
    ),
    blind="households that never reactivate",
    seen="the two items of spring 2020 (rwade.be, 2020); how meters stored them is not public",
    avoid="clear by state, everything that can cut; show what is still armed and write it back",
)
class ReactivationClearsOne(OrderGate):
    """Lifts T1 and the latch; T2 stays armed."""

    def reactivate(self, state: State) -> None:
        state.defer_end = NO_END
        state.flags &= ~StateFlags.CUT_LATCHED
