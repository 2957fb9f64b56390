"""Twelve hours are added to the BCD byte in place of the number: 8 in the evening is 14."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.rtc.driver import FieldCodec


@Defect(
    mechanism="twelve added before the conversion from BCD",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=july(model="electricity-ds3231-utc"),
    blind="mornings, and a chip in 24-hour mode",
    seen="zephyrproject-rtos/zephyr#113994, the driver of a DS3231",
    avoid="convert first; try all 24 hours in both modes",
)
class PmAddedBeforeBcd(FieldCodec):
    """Sets 12-hour mode, and converts after it has added."""

    def to_hour(self, hour: int) -> int:
        return 0x40 | (0x20 if hour >= 12 else 0) | self.to_bcd((hour + 11) % 12 + 1)

    def hour(self, byte: int) -> int | None:
        return self.bcd((byte & 0x1F) + (12 if byte & 0x20 else 0))
