"""A table of days has 365 entries: the program fails on the last day of a leap year."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="a table of 365 days asked for day 366",
    effect=Effect.CRASHES,
    law="answers",
    shown=armed("2020-12-31 12:00", on="2020-12-20 10:00"),
    blind="every day but 31 December of a leap year",
    seen="660 controllers of two smelters in New Zealand and Tasmania, 31 December 1996 "
    "(newscientist.com, mg15320679)",
    avoid="give the table 366 entries; run the program through the last day of a leap year",
)
class NoDay366(Calendar):
    """Looks behind the end of its table."""

    def day_number(self, year: int, month: int, day: int) -> int:
        table = range(365)
        new_year = self.new_year(year)
        return new_year + table[super().day_number(year, month, day) - new_year]
