"""The hours are masked as if the chip were in 12-hour mode: 20 to 23 o'clock become 0 to 3."""

from meter_emu.defects import Defect, Effect
from meter_emu.firmware.rtc.driver import FieldCodec


@Defect(
    mechanism="the 12-hour mask on a 24-hour register",
    effect=Effect.NEVER,
    law="cut-comes",
    blind="from 0 to 19 o'clock of the chip's own day",
    seen="sparkfun/SparkFun_DS1307_RTC_Arduino_Library#1 and #3, stevemarple/SoftWire#20",
    avoid="choose the mask by the mode bit; try all 24 hours in both modes",
)
class HourWithoutTens(FieldCodec):
    """Drops the bit that is PM in 12-hour mode and a tens digit in 24-hour mode."""

    def hour(self, byte: int) -> int | None:
        return super().hour(byte & 0x5F)
