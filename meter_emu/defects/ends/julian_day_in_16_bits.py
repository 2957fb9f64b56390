"""The modified Julian day is kept in 16 bits: it wraps on 23 April 2038."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="a modified Julian day in 16 bits",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2038-04-24 12:00", on="2038-04-18 10:00"),
    blind="ends up to 22 April 2038",
    seen="the time table of digital television (ARIB TR-B15)",
    avoid="print the last date of each counter in its data sheet, and test on both sides of it",
)
class ModifiedJulianDayIn16Bits(EndStore):
    """Counts days since 17 November 1858."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        day, minute = divmod(super().convert(civil, now, utc_min), 1440)
        return max(0, (day + 40_587) % 2**16 - 40_587) * 1440 + minute
