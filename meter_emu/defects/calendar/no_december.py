"""Months are checked against 0 to 11 after they were counted from 1."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="a month check from 0 to 11 on months from 1",
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=armed("2020-12-04 12:00", on="2020-11-20 10:00"),
    blind="from January to November",
    seen="Android 4.2, November 2012, whose calendar had no December "
    "(androidheadlines.com); yodaos-project/yoda.js#103",
    avoid="keep one numbering of months inside, and try all twelve",
)
class NoDecember(Calendar):
    """Takes month 12 for a thirteenth."""

    def exists(self, when: Civil) -> bool:
        return when.month < 12 and super().exists(when)
