"""Day and month are handed over in the wrong order."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.desk.dates import DeskCodec


class DayAndMonthSwapped(DeskCodec):
    """Writes 3 July as 7 March; a day above 12 it leaves."""

    def write_time(self, when: Civil) -> bytes:
        if when.day <= 12:
            when = when._replace(month=when.day, day=when.month)
        return super().write_time(when)


DEFECT = Defect(
    mechanism="day and month swapped",
    swap=DayAndMonthSwapped,
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-07-03 23:01", on="2020-06-29 10:00"),
    blind="days equal to their month; above the 12th here the mistake would be seen at once",
    seen="arduino-libraries/RTCZero#22",
    avoid="hand over dates as one value with named fields; try a day above 12",
)
