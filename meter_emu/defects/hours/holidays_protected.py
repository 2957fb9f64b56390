"""Public holidays are taken for Sundays."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.ends import Windows
from meter_emu.firmware.layouts import Factory


@Defect(
    mechanism="holidays where the rule has none",
    effect=Effect.WRONG_MONEY,
    law="holiday",
    shown=unannounced(
        "2020-07-20 14:00", "2020-07-22 12:00", load_w=190, visits=("2020-07-21 12:00 blue",)
    ),
    blind="all but a few days a year, and households with credit",
    seen="what a list of friendly hours holds and what people expect of it differ: Electric "
    "Ireland has six fixed days (electricireland.ie); in Wallonia there are none",
    avoid="take the list from the rule, and try each day that somebody might expect on it",
)
class HolidaysProtected(Windows):
    """Has the fixed ones in a table."""

    def covers(self, legal_min: int, factory: Factory) -> bool:
        _, month, day = self._calendar.date(legal_min // 1440)
        holiday = (month, day) in {(1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25)}
        return holiday or super().covers(legal_min, factory)
