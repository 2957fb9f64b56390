"""The leap day is added in February and not after it."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="the leap day added in the second month in place of after it",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=armed("2020-02-10 12:00", on="2020-01-25 10:00"),
    blind="common years, and January",
    seen="jarzebski/Arduino-DS3231#12 and #29",
    avoid="compare each day of a leap year with another calendar",
)
class LeapDayInFebruary(Calendar):
    """Asks whether it is February where it must ask whether February is over."""

    def day_number(self, year: int, month: int, day: int) -> int:
        common = year - year % 4 + 1
        day_of_year = super().day_number(common, month, day) - self.new_year(common)
        return self.new_year(year) + day_of_year + (month == 2 and self.is_leap(year))
