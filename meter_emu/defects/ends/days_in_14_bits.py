"""Days since 1997 are kept in 14 bits: they wrap on 10 November 2041."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="days since 1997 in 14 bits",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2041-11-11 12:00", on="2041-11-05 10:00"),
    blind="ends up to 9 November 2041",
    seen="the date of EN 1545 on transport cards (computed); a date of 12 bits ended on 4 January "
    "1975 (DECsystem-10)",
    avoid="print the last date of each counter in its data sheet, and test on both sides of it",
)
class DaysIn14Bits(EndStore):
    """Has a base and a width from the transport cards."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        day, minute = divmod(super().convert(civil, now, utc_min), 1440)
        base = self.calendar.day_number(1997, 1, 1)
        return (base + (day - base) % 2**14) * 1440 + minute
