"""The end is so many whole days from now, and the day of the change of clocks has 23 hours."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="days counted by dividing seconds, over a day of 23 hours",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-03-30 12:00", on="2020-03-28 10:00"),
    blind="households armed after the change in March, and households armed and cut in one season",
    seen="taitems/jQuery.Gantt#168, lordi/tickmate#113, GCWizard/GCWizard#233",
    avoid="count days by the calendar; a duration in days is not a number of seconds",
)
class DaysOf24Hours(EndStore):
    """Counts the days between two midnights by dividing their minutes."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        today = self.zone.to_legal(now.utc_s // 60)
        dates = (today._replace(hour=0, minute=0), civil._replace(hour=0, minute=0))
        first, last = (super(DaysOf24Hours, self).convert(date, now, None) for date in dates)
        whole_min = (last - first) // 1440 * 1440
        end = today._replace(hour=civil.hour, minute=civil.minute)
        return self.zone.to_utc_later(self.calendar.minutes(end) + whole_min)
