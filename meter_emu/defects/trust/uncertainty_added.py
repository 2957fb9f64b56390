"""What the clock may be off is added where it must be taken off."""

from meter_emu.defects import Defect, Effect
from meter_emu.firmware.trust import ClockState, ClockTrust, TrustBounds


@Defect(
    mechanism="an error with the wrong sign",
    effect=Effect.EARLY,
    law="never-early",
    blind="slow clocks",
    seen="a deviation subtracted that had to be added: UtilitechAS/amsreader-firmware#809",
    avoid="say for each comparison whom an error must favour, and try it with a fast and a slow "
    "clock",
)
class UncertaintyAdded(ClockTrust):
    """Errs for the wrong side."""

    def uncertainty_s(self, utc_s: int, state: ClockState, factory: TrustBounds) -> int:
        return -super().uncertainty_s(utc_s, state, factory)
