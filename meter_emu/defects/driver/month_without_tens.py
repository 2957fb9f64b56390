"""The month is masked to four bits: October is 0, November January."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.rtc.driver import FieldCodec


@Defect(
    mechanism="the mask of a digit on a register of two",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=armed("2020-11-02 12:00", on="2020-10-30 10:00"),
    blind="January to September",
    seen="the class of the hours mask: stevemarple/SoftWire#20; inferred for months",
    avoid="take each mask from the table of its own register; try every value of a field",
)
class MonthWithoutTens(FieldCodec):
    """Has a mask from a table of another chip."""

    def month(self, byte: int) -> int | None:
        return super().month(byte & 0x0F)
