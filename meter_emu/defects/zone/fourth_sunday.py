"""The clocks change on the fourth Sunday in place of the last."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Zone


@Defect(
    mechanism="the fourth Sunday for the last",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-03-26 12:00", on="2020-03-18 10:00"),
    blind="years in which neither month has five Sundays, and all but a week of the others",
    seen="G6EJD/ESP32-Time-Services-and-SETENV-variable#1, nayarsystems/posix_tz_db#1",
    avoid="count back from the end of the month; try all years of a week's cycle, 28 of them",
)
class FourthSunday(Zone):
    """Is right in months of four Sundays."""

    def change_min(self, year: int, month: int) -> int:
        change_min = super().change_min(year, month)
        fifth = self._calendar.civil(change_min).day > 28
        return change_min - 7 * 1440 * fifth
