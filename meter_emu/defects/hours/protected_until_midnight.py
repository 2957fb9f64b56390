"""The hours from 16:00 to 08:00 end at midnight."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.ends import Hours, WeekTable


@Defect(
    mechanism="a window over midnight cut off at midnight",
    effect=Effect.CUT_WRONGLY,
    law="no-wrong-cut",
    shown=unannounced("2020-01-16 14:00", "2020-01-18 12:00", load_w=330),
    blind="from 08:00 to midnight, weekends, and households with credit",
    seen="a pool's heater after midnight: tagyoureit/nodejs-poolController#1190",
    avoid="write a window over midnight as two conditions joined by or; try each minute of a week",
)
class ProtectedUntilMidnight(WeekTable):
    """Has only today's part of a window over midnight."""

    def inside(self, hours: Hours, weekday: int, minute: int) -> bool:
        return (hours.weekend and self.is_weekend(weekday)) or minute >= hours.start_minute

    def edges(self, hours: Hours) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (hours.start_minute,), (0,)
