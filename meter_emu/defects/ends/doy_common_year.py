"""The target's day of the year is from a table without 29 February, the clock's from a true one."""

from typing import Final

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now

_BEFORE: Final = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


@Defect(
    mechanism="a day-of-year table without the leap day on the target's side",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-03-01 12:00", on="2020-02-27 10:00"),
    blind="ends in common years, and up to 29 February of leap years",
    seen="a clock library of 2016, in the direction that loses the leap day: "
    "jarzebski/Arduino-DS3231#12 and #29",
    avoid="compare instants; convert a date by one calendar, used for clock and target alike",
)
class DayOfYearEnd(EndStore):
    """Day 184 is 3 July in a common year and 2 July in a leap year."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        day = self.calendar.new_year(civil.year) + _BEFORE[civil.month - 1] + civil.day - 1
        return self.zone.to_utc_later((day * 24 + civil.hour) * 60 + civil.minute)
