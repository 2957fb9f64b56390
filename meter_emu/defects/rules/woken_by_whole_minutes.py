"""The next look is put off to a whole minute."""

from meter_emu.defects import Defect, Effect
from meter_emu.firmware.rules import MeterRules, Standing
from meter_emu.ports import SECONDS_A_DAY, Sleep


@Defect(
    mechanism="sleep rounded up to ten minutes",
    effect=Effect.LATE,
    law="hint",
    blind="ends on a tenth minute of the clock",
    seen="a microcontroller that sleeps to the next two seconds, whatever was asked for "
    "(gh:HelTecAutomation/CubeCell-Arduino#257); alarms that ring a minute late "
    "(gh:yuriykulikov/AlarmClock#233)",
    avoid="round a sleep down, and look again",
)
class WokenByWholeMinutes(MeterRules):
    def sleep(self, standing: Standing, *, at_most_s: int) -> Sleep | None:
        hint = super().sleep(standing, at_most_s=at_most_s)
        if hint is None or hint.until_second is None:
            return hint
        return Sleep(min(SECONDS_A_DAY, -(-hint.until_second // 600) * 600), hint.until_units)
