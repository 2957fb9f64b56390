"""Summer time is from October to March."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Zone


@Defect(
    mechanism="the two changes of a year in the wrong order",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-01-17 23:01", on="2020-01-13 10:00"),
    blind="never; in summer ends are an hour late, in winter an hour early",
    seen="the other way round south of the equator: arendst/Tasmota#2542 and #2714, sstaub/NTP#16",
    avoid="say which change begins summer time, and try a day of each month",
)
class HemispheresSwapped(Zone):
    """Takes the second change of the year for the first."""

    def offset_min(self, utc_min: int) -> int:
        return self.summer_min + self.standard_min - super().offset_min(utc_min)
