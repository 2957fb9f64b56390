"""The end is converted with the offset from UTC that holds today."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="an offset that is older than the change",
    effect=Effect.LATE,
    law="cut-comes",
    shown=armed("2020-04-03 12:00", on="2020-03-27 10:00"),
    blind="households armed and cut in one season",
    seen="alarms of iPhones, an hour off from 1 November 2010 (computerworld.com)",
    avoid="convert with the offset of the day that is meant",
)
class OffsetOfToday(EndStore):
    """Plans across the change of clocks with the old offset."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        offset_min = self.zone.offset_min(now.utc_s // 60)
        return self.calendar.minutes(civil) - offset_min
