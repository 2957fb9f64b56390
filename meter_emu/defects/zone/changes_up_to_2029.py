"""The changes of clocks stand in a table, and the table ends."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Zone


@Defect(
    mechanism="a table of changes that ends",
    effect=Effect.LATE,
    law="cut-comes",
    shown=armed("2030-07-03 23:01", on="2030-06-25 10:00"),
    blind="all years up to 2029, and winters",
    seen="home controllers and alarm panels with old tables, 2007 (forums.x10.com, topic 12393; "
    "security.honeywell.com)",
    avoid="keep the rule, not its results; try the last year in which the meter may stand",
)
class ChangesUpTo2029(Zone):
    """Has no summer time after its last row."""

    def change_min(self, year: int, month: int) -> int:
        row = min(year, 2029)
        return super().change_min(row, month) if row == year else super().change_min(row, 10)
