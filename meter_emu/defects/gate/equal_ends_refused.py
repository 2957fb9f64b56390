"""A cut at the very end of the deferral is refused: less-or-equal where less was meant."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.domain import Result
from meter_emu.firmware.gate import OrderGate, StatedEnd


@Defect(
    mechanism="less-or-equal where less was meant",
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=july(keys=("card_generation = 2",)),
    blind="orders whose two ends differ",
    seen="empirical-org/Empirical-Core#10819",
    avoid="try the three cases of each comparison: before, equal, after",
)
class EqualEndsRefused(OrderGate):
    """Wants T2 after T1."""

    def judge_dates(self, defer_until: StatedEnd | None, cut_at: StatedEnd | None) -> Result:
        if defer_until and cut_at and self.later_min(cut_at) == self.later_min(defer_until):
            return Result.CUT_BEFORE_DEFERRAL
        return super().judge_dates(defer_until, cut_at)
