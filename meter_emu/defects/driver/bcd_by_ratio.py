"""A number is turned into BCD by a ratio: one becomes two."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.rtc.driver import FieldCodec


class BcdByRatio(FieldCodec):
    """Multiplies by sixteen and divides by ten, in the wrong order."""

    def to_bcd(self, number: int) -> int:
        return number * 16 // 10 + number % 10


DEFECT = Defect(
    mechanism="tens and units mixed on the way to BCD",
    swap=BcdByRatio,
    effect=Effect.NEVER,
    law="cut-comes",
    shown=armed("2020-07-03 23:01", on="2020-06-29 10:00"),
    blind="zero, and whole tens",
    seen="feilipu/avrfreertos#10, the driver of a DS1307",
    avoid="divide first; try all hundred numbers against a table written by hand",
)
