"""Weekdays are counted from 1 on one side and from 0 on the other."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="weekdays a day late, from two numberings",
    effect=Effect.CUT_WRONGLY,
    law="no-wrong-cut",
    shown=unannounced("2020-01-10 14:00", "2020-01-14 12:00", load_w=200),
    blind="households with credit; on days that are both weekdays or both weekend days the next "
    "day is the same",
    seen="a Tuya weekly schedule, February 2023: openshwprojects/OpenBK7231T_App#649; "
    "clock chips: Linux max8907, commit 75ea799d",
    avoid="write down which number is Monday wherever a weekday crosses from one part to another",
)
class WeekdayOneLow(Calendar):
    """Calls every day by the name of the day before."""

    def weekday(self, day_number: int) -> int:
        return (super().weekday(day_number) - 1) % 7
