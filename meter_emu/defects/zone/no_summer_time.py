"""Legal time is standard time all year."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Zone


class NoSummerTime(Zone):
    """Has forgotten the rule."""

    def offset_min(self, utc_min: int) -> int:
        return self.standard_min


DEFECT = Defect(
    mechanism="standard time all year where documents are in legal time",
    swap=NoSummerTime,
    effect=Effect.LATE,
    law="cut-comes",
    shown=armed("2020-07-03 23:01", on="2020-06-29 10:00"),
    blind="from the last Sunday of October to the last Sunday of March",
    seen="tariff times of British meters fixed in UTC, from 29 March 2020 (community.bulb.co.uk)",
    avoid="convert legal times by the rule of the place, and try each end in winter and in summer",
)
