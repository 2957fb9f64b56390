"""At midnight the hours go to 0 and the date stays."""

from meter_emu.defects import Defect, Effect
from meter_emu.hardware.rtc.calendar_chip import CalendarChip


@Defect(
    mechanism="no carry from hours into days",
    effect=Effect.NEVER,
    law="cut-comes",
    blind="until the first midnight",
    seen="arduino-libraries/RTCZero#4: 23:59:59 became 24:00:00 and the date stood",
    avoid="let a clock run over midnight before it is built in; hold a reading to the last one",
)
class DateWithoutCarry(CalendarChip):
    """Counts hours and carries nothing into the day."""

    def count_hours(self, ticks: int) -> int:
        super().count_hours(ticks)
        return 0
