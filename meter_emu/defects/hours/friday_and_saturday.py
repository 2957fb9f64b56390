"""The weekend is Friday and Saturday."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.ends import WeekTable


@Defect(
    mechanism="the weekend in another numbering of the week",
    effect=Effect.CUT_WRONGLY,
    law="no-wrong-cut",
    shown=unannounced("2020-01-11 14:00", "2020-01-14 12:00", load_w=200),
    blind="Monday to Thursday and Saturday",
    seen="gridlab-d/gridlab-d#484; swapped tables: zigul/HomeAssistant-CEZdistribuce#17",
    avoid="name the days; try each of the seven",
)
class FridayAndSaturday(WeekTable):
    """Has another numbering of the days than the calendar."""

    def is_weekend(self, weekday: int) -> bool:
        return weekday in (4, 5)
