"""The chip gives November 31 days."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.hardware.rtc.calendar_chip import ChipCalendar


@Defect(
    mechanism="a 31 November in the chip",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=armed("2020-12-04 12:00", on="2020-11-20 10:00"),
    blind="until the last night of November",
    seen="Rockchip RK808, worked around in Linux: commit f076ef44",
    avoid="check that a date exists before it is believed; run a chip through a whole year "
    "before it is chosen",
)
class ThirtyOneNovember(ChipCalendar):
    """Shows a date that no calendar has, and is a day late from December on."""

    def days_in_month(self, month: int, yy: int) -> int:
        return 31 if month == 11 else super().days_in_month(month, yy)
