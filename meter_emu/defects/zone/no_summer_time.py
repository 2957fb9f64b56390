"""Legal time is standard time all year."""

from meter_emu.defects import Defect, Effect
from meter_emu.firmware.calendar import Zone


@Defect(
    mechanism="standard time all year where documents are in legal time",
    effect=Effect.LATE,
    law="cut-comes",
    blind="from the last Sunday of October to the last Sunday of March",
    seen="tariff times of British meters fixed in UTC, from 29 March 2020 (community.bulb.co.uk)",
    avoid="convert legal times by the rule of the place, and try each end in winter and in summer",
)
class NoSummerTime(Zone):
    """Has forgotten the rule."""

    def offset_min(self, utc_min: int) -> int:
        return self.standard_min
