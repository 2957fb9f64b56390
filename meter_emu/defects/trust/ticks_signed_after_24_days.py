"""The milliseconds since the start are signed: after 24 days they are negative."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.trust import ClockState, ClockTrust, TrustBounds


@Defect(
    mechanism="a counter of milliseconds in 31 bits",
    effect=Effect.DOUBTS,
    law="doubts",
    shown=armed("2020-07-03 23:01", on="2020-06-01 10:00"),
    blind="meters that lose power at least every 24 days",
    seen="hundredths of a second in 31 bits: the generators of the Boeing 787 after 248 days (AD "
    "2015-09-07)",
    avoid="keep the type of a counter; preset it near its wrap in a test",
)
class TicksSignedAfter24Days(ClockTrust):
    """Has one bit less than the counter."""

    def ticks_disagree(
        self, since_journal_s: int, ticks_ms: int, state: ClockState, factory: TrustBounds
    ) -> bool:
        turned = ticks_ms >= 2**31 > state.last_ticks_ms
        return turned or super().ticks_disagree(since_journal_s, ticks_ms, state, factory)
