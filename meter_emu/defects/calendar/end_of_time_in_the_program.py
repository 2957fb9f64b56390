"""Dates from 2020 on are refused: the program was written for a few years."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="a last date in the program",
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=armed("2020-01-02 12:00", on="2019-12-20 10:00"),
    blind="everything up to 31 December 2019",
    seen="parking meters in New York took no cards from 1 January 2020 (ny1.com, 3 January 2020)",
    avoid="bound dates by what the field can hold, and set the clock ten years on in a test",
)
class EndOfTimeInTheProgram(Calendar):
    """Has a last year that seemed far."""

    def exists(self, when: Civil) -> bool:
        return when.year < 2020 and super().exists(when)
