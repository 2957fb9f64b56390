"""Midnight is written as 24:00 of the day before."""

from datetime import date, timedelta

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.desk.dates import DeskCodec


@Defect(
    mechanism="24:00 for 00:00",
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=armed("2020-07-03 00:00", on="2020-06-29 10:00"),
    blind="every minute but midnight",
    seen="a clock that counted 23:59:59, 24:00:00: arduino-libraries/RTCZero#4",
    avoid="say which of the two a format has, and try midnight",
)
class MidnightAs2400(DeskCodec):
    """Writes ends as people say them."""

    def write_time(self, when: Civil) -> bytes:
        if (when.hour, when.minute) != (0, 0):
            return super().write_time(when)
        before = date(when.year, when.month, when.day) - timedelta(days=1)
        day = Civil(before.year, before.month, before.day, 0, 0)
        return super().write_time(day)[:3] + bytes((0x24, 0))
