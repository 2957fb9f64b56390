"""The weekday is worked out from the year as the clock chip keeps it: 20h, which is 32."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="a weekday from the BCD byte of the year",
    effect=Effect.CUT_WRONGLY,
    law="no-wrong-cut",
    shown=unannounced("2020-07-10 14:00", "2020-07-14 12:00", load_w=200),
    blind="2000 to 2009, and households with credit",
    seen="the German bank cards of 1 January 2010 took 10h for 16 (lightbluetouchpaper.org); "
    "inferred for weekdays",
    avoid="turn BCD into a number once, where it is read",
)
class WeekdayOfBcdYear(Calendar):
    """Calls Friday 3 July 2020 a Saturday, which it is in 2032."""

    def weekday(self, day_number: int) -> int:
        year, month, day = self.date(day_number)
        taken_for = 2000 + (year % 100 // 10 << 4 | year % 10)
        return super().weekday(self.day_number(taken_for, month, day))
