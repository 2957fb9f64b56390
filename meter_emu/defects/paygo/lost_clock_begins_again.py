"""A clock that is lost goes on from its first day."""

from meter_emu.defects import Defect, Effect, keyed_in
from meter_emu.firmware.token.layouts import PaygoFactory, PaygoState
from meter_emu.firmware.token.paygo import PaygoProgram
from meter_emu.firmware.trust import EPOCH_2000_S, Now


@Defect(
    mechanism="time counted since the clock was first set, and a clock that begins again",
    effect=Effect.NEVER,
    law="ends-then",
    shown=keyed_in(
        "2024-03-20 12:00",
        sold=("2024-03-01 09:00 add 5",),
        visits=("2024-03-01 10:00 token 1",),
        off=("2024-03-03 10:00", 96),
    ),
    blind="clocks that have power, or their reserve",
    seen="a clock that is at its first day after each time without power "
    "(gh:opentx/opentx#6277, gh:opentx/opentx#6946); what a paid time does then is inferred",
    avoid="go on from the last time that is known to have passed",
)
class LostClockBeginsAgain(PaygoProgram):
    def goes_on_s(
        self, factory: PaygoFactory, state: PaygoState, now: Now, ticks_ms: int | None
    ) -> int:
        return EPOCH_2000_S
