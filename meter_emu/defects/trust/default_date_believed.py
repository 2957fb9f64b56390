"""A clock at its default date is believed: neither its flag nor the time before is asked."""

from meter_emu.defects import Defect, Effect, clock_lost
from meter_emu.firmware.layouts import Health
from meter_emu.firmware.rtc.driver import RtcReading
from meter_emu.firmware.trust import ClockState, ClockTrust, TrustBounds


@Defect(
    mechanism="a default date taken for the time",
    effect=Effect.CUT_WRONGLY,
    law="reserve-lost",
    shown=clock_lost(),
    blind="clocks that have never lost their power",
    seen="flags that nobody reads: r-map/rmap#352, esphome/esphome#17914",
    avoid="read the chip's doubt, and hold its time to the last one journalled",
)
class DefaultDateBelieved(ClockTrust):
    """Starts again in 2000."""

    def suspicion(
        self,
        reading: RtcReading,
        utc_s: int,
        ticks_ms: int | None,
        state: ClockState,
        factory: TrustBounds,
    ) -> Health:
        return Health.TRUSTED
