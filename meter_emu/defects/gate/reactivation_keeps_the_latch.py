"""A reactivation clears T1 and T2, and the cut that has come stays."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.gate import OrderGate
from meter_emu.firmware.layouts import State, StateFlags


@Defect(
    mechanism="a reactivation that does not undo what has come",
    effect=Effect.NOT_RESTORED,
    law="restored",
    shown=july(
        then=("2020-07-06 10:00 reactivate", "2020-07-06 11:00 insert"), end="2020-07-08 12:00"
    ),
    blind="households that reactivate before T2",
    seen="households that had reactivated and had no supply in July 2020 (lalibre.be); how meters "
    "stored it is not public",
    avoid="clear by state, everything that can cut, and what it has set",
)
class ReactivationKeepsTheLatch(OrderGate):
    """Forgets what an end has left behind."""

    def reactivate(self, state: State) -> None:
        latched = state.flags & StateFlags.CUT_LATCHED
        super().reactivate(state)
        state.flags |= latched
