"""The office writes months from 0."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.desk.dates import DeskCodec


@Defect(
    mechanism="months from 0 in a field of months from 1",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-07-03 23:01", on="2020-05-15 10:00"),
    blind="January, which it leaves",
    seen="Linux pcf8523, commit b73f21f6; yodaos-project/yoda.js#103",
    avoid="convert at the border of the library; try all twelve months",
)
class MonthFromZero(DeskCodec):
    """Has its months from a library that counts from 0."""

    def write_time(self, when: Civil) -> bytes:
        return super().write_time(when._replace(month=max(1, when.month - 1)))
