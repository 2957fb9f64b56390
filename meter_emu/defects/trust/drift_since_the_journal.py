"""The drift is counted from the last journal, not from the last setting."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.trust import ClockState, ClockTrust, TrustBounds


@Defect(
    mechanism="the last setting forgotten",
    effect=Effect.EARLY,
    law="never-early",
    shown=july(keys=("clock_set = 2017-09-01T10:00:00", "drift_ppb = 45_000")),
    blind="clocks that are right or slow, and the first months after a setting",
    seen="two-rate meters in Britain, hours off after years (conversation.which.co.uk, 2014)",
    avoid="keep when the clock was set, by whom and how well; let only a setting change it",
)
class DriftSinceTheJournal(ClockTrust):
    """Thinks that a clock is set by writing its time down."""

    def uncertainty_s(self, utc_s: int, state: ClockState, factory: TrustBounds) -> int:
        return super().uncertainty_s(utc_s - state.last_time_s + state.clock_set_s, state, factory)
