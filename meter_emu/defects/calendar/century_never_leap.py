"""Years that end in 00 are never leap years: the rule of 100 without that of 400."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="the rule of 100 without that of 400",
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=armed("2000-02-29 12:00", on="2000-02-20 10:00"),
    blind="every year but 2000; the next one is 2400",
    seen="29 February 2000: cards refused in the Singapore metro, 1,200 cash machines in "
    "Japan, 4,000 shops in New Zealand (greenspun.com, the reports of that day)",
    avoid="use all three rules, and try 2000 and 2100",
)
class CenturyNeverLeap(Calendar):
    """Knows two of the three rules."""

    def is_leap(self, year: int) -> bool:
        return year % 4 == 0 and year % 100 != 0
