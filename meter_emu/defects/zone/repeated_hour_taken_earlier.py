"""Of a time that comes twice in the night of October the first is taken."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Zone


@Defect(
    mechanism="the earlier of two readings of a repeated hour",
    effect=Effect.EARLY,
    law="clocks-change",
    shown=armed("2020-10-25 02:30+01:00", on="2020-10-20 10:00"),
    blind="all but one hour a year, and cards that carry the instant",
    seen="meteor/meteor-synced-cron#152, October 2024; OpenCCU/OpenCCU#450",
    avoid="decide which reading favours whom, write it down, and try every minute of that hour",
)
class RepeatedHourTakenEarlier(Zone):
    """Tries summer time first."""

    def to_utc_later(self, legal_min: int) -> int:
        early_min = legal_min - self.summer_min
        if self.offset_min(early_min) == self.summer_min:
            return early_min
        return super().to_utc_later(legal_min)
