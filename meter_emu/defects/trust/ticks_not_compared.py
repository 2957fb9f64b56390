"""The clock is not compared with the ticks."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.trust import ClockState, ClockTrust, TrustBounds


@Defect(
    mechanism="a clock that jumps under the program believed",
    effect=Effect.EARLY,
    law="clock-upset",
    shown=july(then=('2020-07-03 10:00 =upset = "04=23"', "2020-07-03 23:30 technician")),
    blind="clocks that nothing but the program writes",
    seen="single readings of a clock chip on a shared bus that were corrupt, and valid "
    "(gh:seichris/open-bike-computer#23)",
    avoid="compare the clock with an independent count of time",
)
class TicksNotCompared(ClockTrust):
    def ticks_disagree(
        self, since_journal_s: int, ticks_ms: int, state: ClockState, factory: TrustBounds
    ) -> bool:
        return False
