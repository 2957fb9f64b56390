"""Whole years are taken off a number of days, and day 366 of a leap year is left in the loop."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.defects.turns import turns
from meter_emu.firmware.calendar import EPOCH_YEAR, Calendar


@Defect(
    mechanism="whole years are taken off while more than 365 days are left, 366 only of more",
    effect=Effect.HANGS,
    law="answers",
    shown=unannounced(
        "2020-12-31 09:00", "2021-01-01 12:00", load_w=5, visits=("2020-12-31 10:00 blue",)
    ),
    blind="every day but 31 December of a leap year",
    seen="every Zune of 30 GB, on 31 December 2008: the driver of its clock (zacharyc.com, 2009)",
    avoid="let every turn of a loop come nearer its end; run the last day of a leap year",
)
class StuckOnDay366(Calendar):
    """Takes nothing off when exactly a leap year is left."""

    def date(self, day_number: int) -> tuple[int, int, int]:
        year, days, turn = EPOCH_YEAR, day_number + 1, turns()
        while days > 365:
            next(turn)
            if not self.is_leap(year):
                year, days = year + 1, days - 365
            elif days > 366:
                year, days = year + 1, days - 366
        return super().date(self.new_year(year) + days - 1)
