"""The day is masked to five bits: the 20th is 0, the 23rd the 3rd."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.rtc.driver import FieldCodec


@Defect(
    mechanism="a mask one bit too narrow",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=armed("2020-06-23 12:00", on="2020-06-18 10:00"),
    blind="the 1st to the 19th of a month",
    seen="sparkfun/SparkFun_DS1307_RTC_Arduino_Library#1 for hours; the last days of months lost "
    "in packing: domoticz/domoticz#4015",
    avoid="take each mask from the table of its own register; try every value of a field",
)
class DayWithoutTens(FieldCodec):
    """Drops the bit of twenty."""

    def day(self, byte: int) -> int | None:
        return super().day(byte & 0x1F)
