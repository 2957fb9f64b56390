"""The registers are in summer time and are read as if in winter time."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.trust import ClockBase, ClockState, TrustBounds
from meter_emu.units import HOUR_S


@Defect(
    mechanism="a step of the clock that the offset does not know",
    effect=Effect.DOUBTS,
    law="doubts",
    needs=("a clock in legal time",),
    shown=armed("2020-04-03 12:00", on="2020-03-27 10:00", model="electricity-legal-time"),
    blind="clocks in UTC or standard time, and until the first change",
    seen="Nest, 29 March 2015: a clock that had changed and a schedule that had not "
    "(theregister.com)",
    avoid="keep the season with the clock, and save it with the step",
)
class SeasonFlagForgotten(ClockBase):
    """Steps the clock, and does not remember it."""

    def offset_s(self, state: ClockState, factory: TrustBounds) -> int:
        return min(super().offset_s(state, factory), HOUR_S)
