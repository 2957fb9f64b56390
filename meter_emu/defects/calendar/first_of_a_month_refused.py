"""Days are checked to be greater than 1."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="greater than one where at least one was meant",
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=armed("2020-07-01 12:00", on="2020-06-22 10:00"),
    blind="every day but the first of a month",
    seen="the clock library of a maker's boards: bcmi-labs/brackets-arduino#11",
    avoid="try the first and the last value of each field",
)
class FirstOfAMonthRefused(Calendar):
    """Takes the first for a mistake."""

    def exists(self, when: Civil) -> bool:
        return when.day > 1 and super().exists(when)
