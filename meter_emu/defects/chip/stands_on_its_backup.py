"""On the backup the chip keeps its time and does not count."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.hardware.rtc.calendar_chip import CalendarChip


@Defect(
    mechanism="an oscillator that is off without mains",
    effect=Effect.LATE,
    law="cut-comes",
    shown=july(off=("2020-07-01 22:00", 8)),
    blind="meters that never lose power",
    seen="a clock whose battery is loose goes on from where it stood: zerog2k/stc_diyclock#39; one "
    "that never switches to its battery: 21cncstudio/project_aura#3",
    avoid="take the power away for a night before a clock is chosen; hold the time to another "
    "clock's after it",
)
class StandsOnItsBackup(CalendarChip):
    """Goes on where it stood when power comes back."""

    def lose_power(self, now_us: int) -> None:
        super().lose_power(now_us)
        self.oscillator.running = False

    def regain_power(self, now_us: int) -> None:
        super().regain_power(now_us)
        self.oscillator.running = True
