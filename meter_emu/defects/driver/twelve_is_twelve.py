"""In 12-hour mode 12 AM is read as 12 and 12 PM as 24."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.rtc.driver import FieldCodec


@Defect(
    mechanism="12 o'clock taken for the twelfth hour",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=july(model="electricity-ds3231-utc"),
    blind="all hours but 12 AM and 12 PM, and a chip in 24-hour mode",
    seen="NorthernWidget/DS3231#21",
    avoid="12 AM is 0 and 12 PM is 12; try both",
)
class TwelveIsTwelve(FieldCodec):
    """Adds twelve in the afternoon, and at noon as well."""

    def to_hour(self, hour: int) -> int:
        return 0x40 | (0x20 if hour >= 12 else 0) | self.to_bcd((hour + 11) % 12 + 1)

    def hour(self, byte: int) -> int | None:
        number = self.bcd(byte & 0x1F)
        return None if number is None else number + (12 if byte & 0x20 else 0)
