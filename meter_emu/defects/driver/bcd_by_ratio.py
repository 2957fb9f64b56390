"""A number is turned into BCD by a ratio: one becomes two."""

from meter_emu.defects import Defect, Effect
from meter_emu.firmware.rtc.driver import FieldCodec


@Defect(
    mechanism="tens and units mixed on the way to BCD",
    effect=Effect.NEVER,
    law="cut-comes",
    blind="zero, and whole tens",
    seen="feilipu/avrfreertos#10, the driver of a DS1307",
    avoid="divide first; try all hundred numbers against a table written by hand",
)
class BcdByRatio(FieldCodec):
    """Multiplies by sixteen and divides by ten, in the wrong order."""

    def to_bcd(self, number: int) -> int:
        return number * 16 // 10 + number % 10
