"""Date and time are one decimal number, YYMMDDhhmm, in a signed 32-bit number."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="a date as ten decimal digits in 31 bits",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2022-01-03 12:00", on="2021-12-28 10:00"),
    blind="ends on the same side of New Year 2022 as now",
    seen="mail servers stopped on 1 January 2022, 2201010001 being more than 2,147,483,647 "
    "(pdq.com)",
    avoid="do not calculate with digits; compute the largest value of a number before its width is "
    "chosen",
)
class PackedDateIn31Bits(EndStore):
    """Takes 2022 for a negative number, and so for the past."""

    def due(self, end: bytes, now: Now) -> bool:
        packed = []
        for minute in (self.instant_s(end) // 60, now.early_s // 60):
            year, *rest = self.calendar.civil(minute)
            digits = f"{year % 100:02}" + "".join(f"{two:02}" for two in rest)
            packed.append((int(digits) + 2**31) % 2**32 - 2**31)
        return packed[0] <= packed[1]
