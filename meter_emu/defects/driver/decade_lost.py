"""Of the year only the last digit is read: 2020 is 2000."""

from meter_emu.defects import Defect, Effect
from meter_emu.firmware.rtc.driver import FieldCodec


@Defect(
    mechanism="a year of one digit",
    effect=Effect.NEVER,
    law="cut-comes",
    blind="2000 to 2009",
    seen="water meters that lost the digit of the decade: wmbusmeters/wmbusmeters#1299",
    avoid="try years of every decade that a field can hold",
)
class DecadeLost(FieldCodec):
    """Was written in the first years of a century."""

    def year(self, byte: int) -> int | None:
        return super().year(byte & 0x0F)
