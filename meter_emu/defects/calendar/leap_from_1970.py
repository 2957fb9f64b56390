"""The leap test is made on years since 1970 as if 1970 were divisible by four."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="a leap test on the year since 1970",
    effect=Effect.LATE,
    law="cut-comes",
    shown=armed("2022-03-10 12:00", on="2022-02-20 10:00"),
    blind="odd years, and January and February but for the 29th",
    seen="a flight controller, May 2018: iNavFlight/inav#3302 and #3307; the Teensy clock:"
    " KurtE/MTP_Teensy#44",
    avoid="test leap years on the full year; keep the base of a counter out of calendar rules",
)
class LeapFrom1970(Calendar):
    """Takes 2018 and 2022 for leap years, and 2020 and 2024 for common ones."""

    def is_leap(self, year: int) -> bool:
        return (year - 1970) % 4 == 0
