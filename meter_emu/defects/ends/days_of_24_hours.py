"""The end is so many whole days from now, and the day of the change of clocks has 23 hours."""

from typing import Final

from typing_extensions import override

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.defects.showing import armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


class DaysOf24Hours(EndStore):
    """Counts the days between two midnights by dividing their seconds."""

    __slots__ = ()

    @override
    def accept(self, civil: Civil | None, now: Now, utc_min: int | None = None) -> bytes:
        if civil is None:
            return super().accept(civil, now)
        midnights = (self.zone.to_legal(now.utc_s // 60), civil)
        first, last = (
            self.zone.to_utc_later(self.calendar.minutes(when._replace(hour=0, minute=0)))
            for when in midnights
        )
        today = midnights[0]._replace(hour=civil.hour, minute=civil.minute)
        today_min = self.calendar.minutes(today)
        counted = self.calendar.civil(today_min + (last - first) // 1440 * 1440)
        return super().accept(civil, now)[:5] + super().accept(counted, now)[5:]


DEFECT: Final = Defect(
    id="days-of-24-hours",
    mechanism="days counted by dividing seconds, over a day of 23 hours",
    part=EndStore,
    swap=DaysOf24Hours,
    effect=Effect.EARLY,
    shown=armed("2020-03-30 12:00", on="2020-03-28 10:00"),
    blind="homes armed after the change in March, and homes armed and cut in one season",
    seen="taitems/jQuery.Gantt#168, lordi/tickmate#113, GCWizard/GCWizard#233",
    avoid="count days by the calendar; a duration in days is not a number of seconds",
)
