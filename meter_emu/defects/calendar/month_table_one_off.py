"""The table of month lengths is read with months from 1 where it begins with 0."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="a month table read one entry off",
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=armed("2020-01-31 12:00", on="2020-01-20 10:00"),
    blind="months as long as the next one: July and December; in others all but the last days",
    seen="a low-power library, June 2023: stm32duino/STM32LowPower#95",
    avoid="give the table an unused entry 0, or one function that is asked with months from"
    " 1; try the 28th to the 31st of each",
)
class MonthTableOneOff(Calendar):
    """Gives each month the length of the next."""

    def days_in_month(self, year: int, month: int) -> int:
        return super().days_in_month(year, month % 12 + 1)
