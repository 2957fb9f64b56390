"""The clocks change at 00:00 of the date, not at 01:00 UTC."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Zone


@Defect(
    mechanism="a change of clocks by date alone",
    effect=Effect.EARLY,
    law="clocks-change",
    shown=armed("2020-03-29 01:30", on="2020-03-20 10:00"),
    blind="all but two or three hours of two nights a year",
    seen="word clocks and plugs: techniccontroller/wordclock_esp8266#79; a day late: "
    "xoseperez/espurna#1629",
    avoid="compare the instant of the change, in UTC; try each minute of the three hours around it",
)
class ChangeAtMidnight(Zone):
    """Looks at the date of the change and forgets its hour."""

    def change_min(self, year: int, month: int) -> int:
        hours = 2 if month == 3 else 3  # from 00:00 legal time to 01:00 UTC
        return super().change_min(year, month) - hours * 60
