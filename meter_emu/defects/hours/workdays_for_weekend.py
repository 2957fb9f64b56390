"""The tables of workdays and weekend are swapped."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.ends import WeekTable


@Defect(
    mechanism="two tables in the wrong order",
    effect=Effect.CUT_WRONGLY,
    law="no-wrong-cut",
    shown=unannounced("2020-01-10 14:00", "2020-01-13 09:00", load_w=200),
    blind="households with credit, and evenings and nights",
    seen="zigul/HomeAssistant-CEZdistribuce#17, spacemanspiff2007/HABApp#146",
    avoid="name the tables; try a workday and a Sunday",
)
class WorkdaysForWeekend(WeekTable):
    """Protects whole workdays."""

    def is_weekend(self, weekday: int) -> bool:
        return not super().is_weekend(weekday)
