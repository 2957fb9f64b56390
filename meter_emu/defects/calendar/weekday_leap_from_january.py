"""The weekday formula counts the leap day from 1 January on."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="a weekday formula that forgets that a leap year begins in March",
    effect=Effect.CUT_WRONGLY,
    law="no-wrong-cut",
    shown=unannounced("2020-01-10 14:00", "2020-01-14 12:00", load_w=200),
    blind="common years, and March to December of leap years",
    seen="a wrist watch, 2 January 2012: poelzi/OpenChronos#35",
    avoid="count years from March in such a formula; compare every day of a leap year",
)
class WeekdayLeapFromJanuary(Calendar):
    """Is a day ahead up to 29 February of a leap year."""

    def weekday(self, day_number: int) -> int:
        year, month, _ = self.date(day_number)
        return (super().weekday(day_number) + (month <= 2 and self.is_leap(year))) % 7
