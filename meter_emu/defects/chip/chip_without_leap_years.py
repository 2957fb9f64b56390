"""The chip has no 29 February."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.hardware.rtc.calendar_chip import ChipCalendar


@Defect(
    mechanism="no leap years in the chip",
    effect=Effect.EARLY,
    law="weeks",
    shown=armed("2020-03-10 12:00", on="2020-02-20 10:00", off=("2020-02-28 22:00", 8)),
    blind="common years; a meter that has power on 29 February sees its ticks disagree",
    seen="a clock that needs the day of the year to know of leap years, and was not given it: "
    "RIOT-OS/RIOT#13919",
    avoid="run a chip over 29 February before it is chosen; set clocks once a year",
)
class ChipWithoutLeapYears(ChipCalendar):
    """Is a day ahead from 1 March of a leap year on."""

    def is_leap(self, yy: int) -> bool:
        return False
