"""Day and month are handed over in the wrong order."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.desk.dates import DeskCodec


@Defect(
    mechanism="day and month swapped",
    effect=Effect.EARLY,
    law="never-early",
    blind="days equal to their month; above the 12th here the mistake would be seen at once",
    seen="arduino-libraries/RTCZero#22",
    avoid="hand over dates as one value with named fields; try a day above 12",
)
class DayAndMonthSwapped(DeskCodec):
    """Writes 3 July as 7 March; a day above 12 it leaves."""

    def write_time(self, when: Civil) -> bytes:
        if when.day <= 12:
            when = when._replace(month=when.day, day=when.month)
        return super().write_time(when)
