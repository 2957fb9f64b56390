"""A window over midnight is taken for one inside a day: it is never true."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.ends import Hours, WeekTable


@Defect(
    mechanism="a window whose start is after its end",
    effect=Effect.CUT_WRONGLY,
    law="no-wrong-cut",
    shown=unannounced("2020-01-14 14:00", "2020-01-16 12:00", load_w=1000),
    blind="weekends, and households with credit",
    seen="elizaOS/eliza#22053, cp2004/OctoPrint-WS281x_LED_Status#214",
    avoid="write a window over midnight as two conditions joined by or; try each minute of a week",
)
class StartAfterEnd(WeekTable):
    """Wants a minute that is both after the start and before the end."""

    def inside(self, hours: Hours, weekday: int, minute: int) -> bool:
        if hours.weekend and self.is_weekend(weekday):
            return True
        return hours.start_minute <= minute < hours.end_minute

    def edges(self, hours: Hours) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (0,), (0,)
