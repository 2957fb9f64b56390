"""The registers are read as plain binary numbers."""

from meter_emu.defects import Defect, Effect
from meter_emu.firmware.rtc.driver import FieldCodec


@Defect(
    mechanism="BCD read as binary",
    effect=Effect.NEVER,
    law="cut-comes",
    blind="while every field is below ten: no longer than nine minutes",
    seen="German bank cards, 1 January 2010 (lightbluetouchpaper.org); payment terminals "
    "in Australia that showed 2016 (smh.com.au)",
    avoid="convert at the register and nowhere else; try values of ten and more",
)
class BcdAsBinary(FieldCodec):
    """Takes 10h for sixteen."""

    def bcd(self, byte: int) -> int | None:
        return byte
