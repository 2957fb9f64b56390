"""The office writes the month where the minute belongs."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.desk.dates import DeskCodec


@Defect(
    mechanism="the letters of the month for those of the minute",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-07-03 23:30", on="2020-06-29 10:00"),
    blind="one minute of each hour",
    seen="artilleryio/artillery#7, tgalal/wazapp#85",
    avoid="try a minute above 12, and read back what was written",
)
class MonthsForMinutes(DeskCodec):
    """Formats with MM where mm was meant."""

    def write_time(self, when: Civil) -> bytes:
        return super().write_time(when._replace(minute=when.month))
