"""The leap test looks at two bits of the year as the clock chip keeps it, in BCD."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="a leap test on the BCD byte of the year",
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=armed("2032-02-29 12:00", on="2032-02-20 10:00"),
    blind="2000 to 2009 and 2020 to 2029 are right; 2030 only has its weekdays a day off "
    "from March on",
    seen="the likely cause of the PlayStation 3 standing still on 1 March 2010 (computed; "
    "the maker published none)",
    avoid="turn BCD into a number once, where it is read, and test a leap year on the number",
)
class LeapOfBcdYear(Calendar):
    """Divides 20 by four as 20h, which is 32."""

    def is_leap(self, year: int) -> bool:
        yy = year % 100
        return (yy // 10 << 4 | yy % 10) & 3 == 0
