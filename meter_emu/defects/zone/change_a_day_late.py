"""The clocks change on the Monday after."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Zone


@Defect(
    mechanism="a change of clocks a day late",
    effect=Effect.LATE,
    law="cut-comes",
    shown=armed("2020-03-29 12:00", on="2020-03-20 10:00"),
    blind="all but two days a year",
    seen="plugs that changed a day late: xoseperez/espurna#1629",
    avoid="compare every change of twenty years with a table of another origin",
)
class ChangeADayLate(Zone):
    """Counts days from 1 where they were counted from 0."""

    def change_min(self, year: int, month: int) -> int:
        return super().change_min(year, month) + 1440
