"""Leap days are counted from 1970 as if it could be divided by four."""

from typing_extensions import override

from meter_emu.defects import Defect, Effect
from meter_emu.defects.showing import armed
from meter_emu.firmware.calendar import Calendar


class LeapDaysFrom1970(Calendar):
    """Counts the leap day of 2020 two years late."""

    __slots__ = ()

    @override
    def leap_days(self, year: int) -> int:
        since = year - 1970
        return since // 4 - since // 100 + since // 400 - 7


DEFECT = Defect(
    mechanism="whole years counted from a base that is no multiple of four",
    swap=LeapDaysFrom1970,
    effect=Effect.NEVER,
    law="cut-comes",
    shown=armed("2021-01-20 12:00", on="2020-12-10 10:00"),
    blind="years other than the one after a leap year",
    seen="digicert/trustcore#97, whose callers hid it by adding a day",
    avoid="count leap days from a multiple of 400, or compare every new year with another calendar",
)
