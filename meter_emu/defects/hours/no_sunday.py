"""Sunday is 0 on one side and 7 on the other: it is no day of the weekend."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.ends import WeekTable


@Defect(
    mechanism="a Sunday that is 0 or 7",
    effect=Effect.CUT_WRONGLY,
    law="no-wrong-cut",
    shown=unannounced("2020-01-11 14:00", "2020-01-14 12:00", load_w=200),
    blind="Monday to Saturday, and households with credit",
    seen="Linux max8907, commit 75ea799d",
    avoid="write down the number of each day where it crosses from one part to another; try all "
    "seven",
)
class NoSunday(WeekTable):
    """Looks for day 7 and gets 0."""

    def is_weekend(self, weekday: int) -> bool:
        return weekday == 5
