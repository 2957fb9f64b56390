"""A clock card sets the clock whenever it was made."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.domain import ClockSetting, Result
from meter_emu.firmware.layouts import Health
from meter_emu.firmware.program import Program
from meter_emu.firmware.rules import MeterRules


@Defect(
    mechanism="the time on a clock card not compared with what has passed",
    effect=Effect.LATE,
    law="old-clock-card",
    shown=july(then=("2020-07-03 21:00 =clock_card = true, made = 2020-07-02T21:00:00",)),
    blind="clock cards that are made at the meter, and used once",
    seen="recorded frames that were accepted again and set the counter back (gh:lora-"
    "rs/lora-rs#446); replay of stored tokens in STS meters "
    "(proteametering.co.za/tid)",
    avoid="refuse a time that has certainly passed, and a card no newer than the last",
)
class OldClockCardObeyed(Program):
    def obey_clock_card(self, meter: MeterRules, order: ClockSetting) -> Result:
        result = super().obey_clock_card(meter, order)
        if result is not Result.CLOCK_CARD_STALE:
            return result
        utc_s = meter.parts.codec.set_to_s(order)
        self.set_clock(meter, utc_s, error_s=order.set_error_s, health=Health.TRUSTED)
        return Result.EXECUTED
