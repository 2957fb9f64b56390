"""At 03:00 in October the clock is set back to 02:00, an hour later again, and again."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.layouts import Factory, State
from meter_emu.firmware.trust import ClockBase
from meter_emu.units import HOUR_S


@Defect(
    mechanism="a step back that is taken again every hour",
    effect=Effect.NEVER,
    law="cut-comes",
    needs=("a clock in legal time",),
    shown=armed("2020-10-30 12:00", on="2020-10-23 10:00", model="electricity-legal-time"),
    blind="all but one night a year",
    seen="a power supply, 29 October 2017: eez-open/psu-firmware#180",
    avoid="save with each step in which season the registers stand",
)
class HourSetBackAgain(ClockBase):
    """Looks at the hour and not at what it has done."""

    def step_hours(self, utc_s: int, second_of_day: int, state: State, factory: Factory) -> int:
        hours = super().step_hours(utc_s, second_of_day, state, factory)
        fell = self._zone.offset_min(utc_s // 60 - 180) > self._zone.offset_min(utc_s // 60)
        return -1 if fell and not hours and second_of_day // HOUR_S == 3 else hours

    def seconds_to_step(self, utc_s: int, state: State, factory: Factory) -> int | None:
        left_s = super().seconds_to_step(utc_s, state, factory)
        return left_s and min(left_s, HOUR_S - utc_s % HOUR_S)
