"""What the clock may be off is added where it must be taken off."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.trust import ClockState, ClockTrust, TrustBounds


class UncertaintyAdded(ClockTrust):
    """Errs for the wrong side."""

    def uncertainty_s(self, utc_s: int, state: ClockState, factory: TrustBounds) -> int:
        return -super().uncertainty_s(utc_s, state, factory)


DEFECT = Defect(
    mechanism="an error with the wrong sign",
    swap=UncertaintyAdded,
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-07-03 23:01", on="2020-06-29 10:00"),
    blind="slow clocks",
    seen="a deviation subtracted that had to be added: UtilitechAS/amsreader-firmware#809",
    avoid="say for each comparison whom an error must favour, and try it with a fast and a slow "
    "clock",
)
