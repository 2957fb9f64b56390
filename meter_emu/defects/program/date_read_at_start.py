"""The date is read when the program starts, the time of day at every poll."""

from meter_emu.defects import Defect, Effect
from meter_emu.firmware.layouts import Factory, State
from meter_emu.firmware.program import Program
from meter_emu.firmware.rules import MeterRules
from meter_emu.firmware.trust import EPOCH_2000_DAYS
from meter_emu.units import DAY_S


@Defect(
    mechanism="today kept from when the program started",
    effect=Effect.NEVER,
    law="cut-comes",
    blind="T on the day of the last start",
    seen="applications that keep today's date from their start and show yesterday after "
    "midnight (gh:natscale/react-calendar#27, gh:Qrome/marquee-scroller#48, "
    "gh:OpenLauncherTeam/openlauncher#130)",
    avoid="read date and time together, each time",
)
class DateReadAtStart(Program):
    def _meter(self, factory: Factory, state: State, *, powered_on: bool) -> MeterRules:
        meter = super()._meter(factory, state, powered_on=powered_on)
        today, now = EPOCH_2000_DAYS + state.last_day, meter.now
        if not powered_on and now.dated:
            utc_s = now.utc_s - (now.day - today) * DAY_S
            meter.now = now._replace(utc_s=utc_s, day=today)
        return meter
