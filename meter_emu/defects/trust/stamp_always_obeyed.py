"""The clock follows the office's stamp, even where a technician set it."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.layouts import Factory, State
from meter_emu.firmware.trust import ClockTrust, Now


@Defect(
    mechanism="a clock set by a date of somebody else's",
    effect=Effect.EARLY,
    law="doubts",
    shown=july(then=("2020-07-01 10:00 ahead", "2020-07-01 10:02 insert")),
    blind="offices whose date is right",
    seen="clocks moved nineteen years by a satellite's wrong week: gpsd, 24 October 2021 "
    "(openwrt/packages#16272)",
    avoid="let no message move a clock that was set at the meter further than its own error",
)
class StampAlwaysObeyed(ClockTrust):
    """Believes any office more than a technician."""

    def lower_bound_s(self, stamp_s: int, now: Now, state: State, factory: Factory) -> int | None:
        return stamp_s if stamp_s > now.utc_s else None
