"""The clocks change by the rule of another country: second Sunday of March, first of November."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Zone


@Defect(
    mechanism="the rule of another place or year, in the program",
    effect=Effect.EARLY,
    law="generation",
    shown=armed("2020-03-20 12:00", on="2020-03-16 10:00"),
    blind="all year but two or three weeks of March and one of autumn",
    seen="time-of-use meters of PG&E that had the old rule in 2007, 38 million dollars to "
    "reprogram (informationweek.com)",
    avoid="keep the rule as data that can be exchanged, and say in documents which one was used",
)
class AmericanChanges(Zone):
    """Has the rule of the United States since 2007, at 01:00 UTC."""

    def change_min(self, year: int, month: int) -> int:
        before = (
            self._calendar.day_number(year, 3, 7)
            if month == 3
            else (self._calendar.day_number(year, 10, 31))
        )
        sunday = before + 7 - (self._calendar.weekday(before) + 1) % 7
        return (sunday * 24 + 1) * 60
