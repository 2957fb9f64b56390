"""The leap test is made on the year before."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="a leap test on the year before",
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=armed("2020-02-29 12:00", on="2020-02-20 10:00"),
    blind="two years of four, and January and February but for the 29th",
    seen="OpenDevicePartnership/embassy-imxrt#413",
    avoid="ask for the year of the date in hand; try 1 March of four years in a row",
)
class LeapOfTheYearBefore(Calendar):
    """Has 29 February in 2021, and none in 2020."""

    def is_leap(self, year: int) -> bool:
        return super().is_leap(year - 1)
