"""The year register holds years since 1970, and the chip takes it for years since 2000."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.rtc.driver import FieldCodec


@Defect(
    mechanism="a year register with another base than the chip's leap rule",
    effect=Effect.EARLY,
    law="weeks",
    shown=armed("2020-03-10 12:00", on="2020-02-20 10:00", off=("2020-02-28 22:00", 8)),
    blind="until 28 February of a leap year; a meter that has power then sees its ticks disagree",
    seen="embassy-rs/embassy#2327 (December 2023), zephyrproject-rtos/zephyr#69766 (29 "
    "February 2024)",
    avoid="write the year that the data sheet's leap rule is made for; run the chip over 29"
    " February",
)
class YearFrom1970(FieldCodec):
    """Writes 50 for 2020; for the chip that is no leap year."""

    def year(self, byte: int) -> int | None:
        number = self.bcd(byte)
        return None if number is None else 1970 + number

    def to_year(self, year: int) -> int:
        return self.to_bcd(year - 1970)
