"""The time on a clock card, which is UTC, is set as if it were two hours behind."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.domain import ClockSetting
from meter_emu.firmware.gate import RecordCodec
from meter_emu.units import HOUR_S


@Defect(
    mechanism="an offset added to a time in UTC",
    effect=Effect.EARLY,
    law="never-early",
    shown=july(then=("2020-07-01 10:00 technician",)),
    blind="meters whose clock no technician sets",
    seen="clocks two hours ahead: esphome/issues#6267",
    avoid="say on the card, in the code and on the tool which time it is; read the clock back "
    "after a setting",
)
class ClockCardInLegalTime(RecordCodec):
    """Adds summer time to what has it not taken off."""

    def set_to_s(self, order: ClockSetting) -> int:
        return super().set_to_s(order) + 2 * HOUR_S
