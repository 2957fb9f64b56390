"""A clock moved to an office's stamp is believed as if it had been set."""

from meter_emu.defects import Defect, Effect, clock_lost
from meter_emu.firmware.layouts import Health
from meter_emu.firmware.rtc.driver import RtcReading
from meter_emu.firmware.trust import ClockState, ClockTrust, Now, TrustBounds


@Defect(
    mechanism="a lower bound taken for the time",
    effect=Effect.CUT_WRONGLY,
    law="credit-without-time",
    shown=clock_lost("2020-02-17 10:30 prepayment-on", "2020-02-17 19:00 insert"),
    blind="clocks that have never lost their power",
    seen="a meter that was five months behind: dsmrreader/dsmr-reader#1225; inferred",
    avoid="keep what is known of a time with the time",
)
class LowerBoundBelieved(ClockTrust):
    """Takes the earliest time that it can be for the time that it is."""

    def judge(
        self, reading: RtcReading, ticks_ms: int | None, state: ClockState, factory: TrustBounds
    ) -> Now:
        now = super().judge(reading, ticks_ms, state, factory)
        return now._replace(health=Health.TRUSTED) if now.dated else now
