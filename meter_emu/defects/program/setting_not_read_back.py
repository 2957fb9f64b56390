"""A clock that was set is believed to show what was written."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.layouts import Health
from meter_emu.firmware.program import Program
from meter_emu.firmware.rules import MeterRules


@Defect(
    mechanism="the clock not read after it was set",
    effect=Effect.EARLY,
    law="lost-setting",
    shown=july(
        then=("2020-07-03 21:00 =clock_card = true, lost = true", "2020-07-03 23:30 technician"),
        keys=("clock_error_s = 59", "drift_ppb = 19000", "clock_set = 2018-07-01T00:00:00"),
    ),
    blind="clock chips that take what is written",
    seen="setters of clock chips that could not tell a failed write from success "
    "(gh:m5stack/M5Unified#368, gh:meshtastic/firmware#11754)",
    avoid="read the clock after it was set, and compare",
)
class SettingNotReadBack(Program):
    def set_clock(self, meter: MeterRules, utc_s: int, *, error_s: int, health: Health) -> bool:
        super().set_clock(meter, utc_s, error_s=error_s, health=health)
        if meter.now.health is not health:
            meter.state.health = health
            meter.now = meter.now._replace(health=health)
            meter.journal_time()
            self._memory.save(meter.state)
        return True
