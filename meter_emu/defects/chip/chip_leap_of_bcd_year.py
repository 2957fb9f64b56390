"""The chip tests two bits of its BCD year for leap years: 2010, 2030 have a 29 February."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.hardware.rtc.calendar_chip import ChipCalendar


@Defect(
    mechanism="a leap rule on BCD bits in the chip",
    effect=Effect.NEVER,
    law="doubts",
    shown=armed("2030-03-10 12:00", on="2030-02-20 10:00"),
    blind="2000 to 2009 and 2020 to 2029",
    seen="PlayStation 3, 1 March 2010: the chip counted a leap day, the program refused it"
    " for 24 hours (the maker's statement; the bits are inferred)",
    avoid="run a chip over the end of February of every year that it will see",
)
class ChipLeapOfBcdYear(ChipCalendar):
    """Divides 30h by four."""

    def is_leap(self, yy: int) -> bool:
        return (yy // 10 << 4 | yy % 10) & 3 == 0
