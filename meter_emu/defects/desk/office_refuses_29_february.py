"""The office's program takes 29 February for no date."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.desk.dates import DeskDates
from meter_emu.errors import DeskError


@Defect(
    mechanism="a leap day refused at the office",
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=armed("2024-02-29 12:00", on="2024-02-20 10:00"),
    blind="every day but 29 February",
    seen="tills of 1,267 shops and 390 pharmacies in Sweden, 29 February 2024 (hbwebben.se)",
    avoid="try 29 February of a leap and of a common year in every program that a date passes "
    "through",
)
class OfficeRefuses29February(DeskDates):
    """Refuses before anything is written."""

    def check(self, when: Civil) -> None:
        super().check(when)
        if (when.month, when.day) == (2, 29):
            raise DeskError(f"{when} is no date and time")
