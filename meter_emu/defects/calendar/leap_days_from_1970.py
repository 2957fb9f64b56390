"""Leap days are counted from 1970 as if it could be divided by four."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="leap days counted from a base that is no multiple of four",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=armed("2020-03-10 12:00", on="2020-02-20 10:00"),
    blind="two years of four, from March of the second year after a leap year on",
    seen="digicert/trustcore#97, whose callers hid it by adding a day",
    avoid="count leap days from a multiple of 400, or compare every new year with another calendar",
)
class LeapDaysFrom1970(Calendar):
    """Counts the leap day of 2020 two years late."""

    def day_number(self, year: int, month: int, day: int) -> int:
        since = year - 1970 - (month <= 2)
        leap_days = since // 4 - since // 100 + since // 400
        day_of_year = super().day_number(1971, month, day) - 365
        return 365 * (year - 1970) + leap_days + day_of_year
