"""The clocks change at 02:00 UTC: the hour of legal time taken for UTC."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Zone


@Defect(
    mechanism="the hour of the change in another zone",
    effect=Effect.LATE,
    law="cut-comes",
    shown=armed("2020-03-29 03:30", on="2020-03-20 10:00"),
    blind="all but an hour or two of two nights a year",
    seen="word clocks whose change has another hour: techniccontroller/wordclock_esp8266#79",
    avoid="keep the instant of the change in UTC; try each minute of three hours around it",
)
class ChangeAtTwoUtc(Zone):
    """Changes an hour late in March, and an hour late in October."""

    def change_min(self, year: int, month: int) -> int:
        return super().change_min(year, month) + 60
