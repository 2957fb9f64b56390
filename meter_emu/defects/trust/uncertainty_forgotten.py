"""The clock is believed to the second: what it may be off is forgotten."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.trust import ClockState, ClockTrust, TrustBounds


@Defect(
    mechanism="a clock taken at its word",
    effect=Effect.EARLY,
    law="never-early",
    shown=july(keys=("clock_error_s = 50", "poll_phase_us = 30_000_000")),
    blind="clocks that are right or slow",
    seen="British two-rate meters whose clocks were hours off (conversation.which.co.uk, 2014)",
    avoid="keep the error of the last setting, add the drift since, and act when the end "
    "has passed for certain",
)
class UncertaintyForgotten(ClockTrust):
    """Acts when the clock shows the end."""

    def uncertainty_s(self, utc_s: int, state: ClockState, factory: TrustBounds) -> int:
        return 0
