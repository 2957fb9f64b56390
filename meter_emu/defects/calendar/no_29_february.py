"""The last day of February is always the 28th: a leap day is no date."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Calendar


@Defect(
    mechanism="a validity check without the leap day",
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=armed("2024-02-29 12:00", on="2024-02-20 10:00"),
    blind="every day but 29 February",
    seen="pay-at-pump in New Zealand, 29 February 2024 (nzherald.co.nz); boot firmware "
    "that reset its clock: Dasharo/dasharo-issues#725, linuxboot/heads#1617",
    avoid="check dates with the rule that converts them, and try 29 February of a leap and "
    "of a common year",
)
class No29February(Calendar):
    """Counts leap days but refuses them."""

    def days_in_month(self, year: int, month: int) -> int:
        return 28 if month == 2 else super().days_in_month(year, month)
