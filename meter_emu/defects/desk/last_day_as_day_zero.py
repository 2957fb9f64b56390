"""The last day of a month is written as day 0 of the next."""

from datetime import date, timedelta

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.desk.dates import DeskCodec


@Defect(
    mechanism="a day 0",
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=armed("2020-06-30 09:00", on="2020-06-22 10:00"),
    blind="all but the last day of a month",
    seen="water meters that read 2022-10-00 on 30 September: wmbusmeters/wmbusmeters#627",
    avoid="count days from 1 everywhere; try the first and last day of each month",
)
class LastDayAsDayZero(DeskCodec):
    """Goes back a day from the first, and forgets the month."""

    def write_time(self, when: Civil) -> bytes:
        last = (date(when.year, when.month, when.day) + timedelta(days=1)).day == 1
        raw = bytearray(super().write_time(when))
        if last:
            raw[1], raw[2] = raw[1] % 0x12 + 1, 0
        return bytes(raw)
