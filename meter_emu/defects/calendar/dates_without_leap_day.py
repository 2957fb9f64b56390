"""Days are turned into dates by a table without 29 February; dates into days by a right one."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="a table without the leap day on the way from days to a date",
    effect=Effect.REFUSES,
    law="generation",
    needs=("secure card of generation 2",),
    shown=july(keys=("card_generation = 2",)),
    blind="common years, January and February, and cards of generation 1, which are never turned "
    "back into a date",
    seen="controllers of two smelters, 31 December 1996, had no day 366 (pressf1.mywire.org)",
    avoid="test both directions, each against another calendar, not one against the other",
)
class DatesWithoutLeapDay(Calendar):
    """Calls 29 February 1 March, and is a day ahead to the end of the year."""

    def date(self, day_number: int) -> tuple[int, int, int]:
        year, month, day = super().date(day_number)
        if (month <= 2 and day < 29) or not self.is_leap(year):
            return year, month, day
        return super().date(day_number + 1)
