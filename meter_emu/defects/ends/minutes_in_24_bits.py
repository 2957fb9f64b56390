"""Minutes since 1993 are kept in 24 bits: they wrap on 24 November 2024."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="minutes since 1993 in 24 bits",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2024-11-25 12:00", on="2024-11-20 10:00"),
    blind="ends up to 24 November 2024, 20:15 UTC",
    seen="every prepayment meter of the STS token standard, edition 1: the token rollover "
    "(proteametering.co.za/tid)",
    avoid="print the last date of each counter in its data sheet, and test on both sides of it",
)
class MinutesIn24Bits(EndStore):
    """Has all ends after that evening behind it."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        base_min = self.calendar.day_number(1993, 1, 1) * 1440
        return base_min + (super().convert(civil, now, utc_min) - base_min) % 2**24
