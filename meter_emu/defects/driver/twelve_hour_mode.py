"""The driver sets the chip to 12-hour mode and forgets PM when it reads."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.rtc.driver import FieldCodec


@Defect(
    mechanism="12-hour mode without its PM",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=july(model="electricity-ds3231-utc"),
    blind="mornings; on a chip without that mode only midnight is wrong",
    seen="12-hour mode read wrongly: zephyrproject-rtos/zephyr#113994, "
    "NorthernWidget/DS3231#21, Zanduino/MCP7940#26",
    avoid="keep chips in 24-hour mode, and read a mode bit that is set all the same",
)
class TwelveHourMode(FieldCodec):
    """Writes 12 to 11 with AM and PM, and reads 0 to 11."""

    def to_hour(self, hour: int) -> int:
        return 0x40 | (0x20 if hour >= 12 else 0) | self.to_bcd((hour + 11) % 12 + 1)

    def hour(self, byte: int) -> int | None:
        return super().hour(byte & ~0x20 if byte & 0x40 else byte)
