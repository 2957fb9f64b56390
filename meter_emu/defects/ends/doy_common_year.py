"""The target's day of the year comes from a table without 29 February, the clock's from a true one.

Day 184 is 3 July in a common year and 2 July in a leap year.
"""

from typing import Final

from typing_extensions import override

from card_protocol.timestamp import Civil, encode_bcd_minute
from meter_emu.defects import Defect, Effect
from meter_emu.defects.showing import armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.layouts import NO_END
from meter_emu.firmware.trust import Now

_DAY_MIN: Final = 1440
_BEFORE_COMMON: Final = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)

# offset  size  field   unit
# 0       5     civil   YYMMDDhhmm BCD, as announced
# 5       2     year
# 7       2     doy     day of the year, from 1
# 9       2     minute  of the day, legal time
# 11      1     FF


class DayOfYearEnd(EndStore):
    """Another design of the end: year, day of the year and minute, in legal time.

    It has no room for an instant, so one that the card brings is not read.
    """

    __slots__ = ()

    @override
    def accept(self, civil: Civil | None, now: Now, utc_min: int | None = None) -> bytes:
        if civil is None:
            return NO_END
        doy = _BEFORE_COMMON[civil.month - 1] + civil.day
        numbers = (civil.year, doy, civil.hour * 60 + civil.minute)
        return encode_bcd_minute(civil) + b"".join(n.to_bytes(2, "big") for n in numbers) + b"\xff"

    @override
    def instant_s(self, end: bytes) -> int:
        year, doy, minute = (int.from_bytes(end[at : at + 2], "big") for at in (5, 7, 9))
        target_min = (self.calendar.new_year(year) + doy - 1) * _DAY_MIN + minute
        return self.zone.to_utc_later(target_min) * 60


DEFECT: Final = Defect(
    id="doy-common-year",
    mechanism="a day-of-year table without the leap day on the target's side",
    part=EndStore,
    swap=DayOfYearEnd,
    effect=Effect.EARLY,
    shown=armed("2020-03-01 12:00", on="2020-02-27 10:00"),
    blind="ends in common years, and up to 29 February of leap years",
    seen="a clock library of 2016, in the direction that loses the leap day: "
    "jarzebski/Arduino-DS3231#12 and #29",
    avoid="compare instants; convert a date by one calendar, used for clock and target alike",
)
