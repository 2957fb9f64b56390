"""Summer time ends on the last Sunday of September, as it did up to 1995."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Zone


@Defect(
    mechanism="a rule that the law has changed",
    effect=Effect.LATE,
    law="cut-comes",
    shown=armed("2020-10-09 12:00", on="2020-10-05 10:00"),
    blind="all year but four weeks of October",
    seen="Europe changed it in 1996 (directive 94/21/EC); meters with an old rule: PG&E, 2007 "
    "(informationweek.com)",
    avoid="make the rule exchangeable, and say which one is in",
)
class RuleOf1995(Zone):
    """Was right when it was written."""

    def change_min(self, year: int, month: int) -> int:
        if month == 3:
            return super().change_min(year, month)
        last = self._calendar.day_number(year, 9, 30)
        return ((last - (self._calendar.weekday(last) + 1) % 7) * 24 + 1) * 60
