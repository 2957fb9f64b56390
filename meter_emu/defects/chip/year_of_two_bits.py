"""The chip counts years in two bits: after 2023 it is 2020 again."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.hardware.rtc.calendar_chip import BCD, CalendarChip, bcd_value


@Defect(
    mechanism="a year of two bits in the chip",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=armed("2024-01-05 12:00", on="2023-12-20 10:00"),
    blind="until the New Year after which the year can be divided by four",
    seen="the PCF8583, whose base year a program must keep (NXP UM10301)",
    avoid="choose a chip that counts years; or keep the base, and carry it when the two bits "
    "overflow",
)
class YearOfTwoBits(CalendarChip):
    """Leaves the rest of the year to the program."""

    def count_month(self) -> None:
        before = bcd_value(self.registers[self.YEAR])
        super().count_month()
        after = bcd_value(self.registers[self.YEAR])
        self.registers[self.YEAR] = BCD[(before // 4 * 4 + after % 4) % 100]
