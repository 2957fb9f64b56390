"""The milliseconds since the start are compared as numbers: after 49 days they begin anew."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.trust import ClockState, ClockTrust, TrustBounds


@Defect(
    mechanism="a counter of milliseconds compared across its wrap",
    effect=Effect.DOUBTS,
    law="doubts",
    shown=armed("2020-07-03 23:01", on="2020-05-04 10:00"),
    blind="meters that lose power at least every 49 days",
    seen="petrochen/esp8266-weather-clock-opensource#11, marcelloromani/Arduino-SimpleTimer#7",
    avoid="subtract first, in the counter's own width, then compare",
)
class TicksWrapAfter49Days(ClockTrust):
    """Takes the difference without its wrap."""

    def ticks_disagree(
        self, since_journal_s: int, ticks_ms: int, state: ClockState, factory: TrustBounds
    ) -> bool:
        return ticks_ms < state.last_ticks_ms or super().ticks_disagree(
            since_journal_s, ticks_ms, state, factory
        )
