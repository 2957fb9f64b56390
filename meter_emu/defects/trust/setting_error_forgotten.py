"""Only the drift is reckoned: how well the clock was set is forgotten."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.trust import ClockState, ClockTrust, TrustBounds


@Defect(
    mechanism="the error of a setting forgotten",
    effect=Effect.EARLY,
    law="never-early",
    shown=july(keys=("clock_error_s = 50", "poll_phase_us = 30_000_000")),
    blind="clocks that were set right or slow",
    seen="events that fire a second early because the clock was corrected: "
    "lithnet/miis-autosync#156, kelektiv/node-cron#180; inferred for a meter",
    avoid="keep the error of each setting with it",
)
class SettingErrorForgotten(ClockTrust):
    """Believes the technician's watch."""

    def uncertainty_s(self, utc_s: int, state: ClockState, factory: TrustBounds) -> int:
        return super().uncertainty_s(utc_s, state, factory) - state.set_error_s
