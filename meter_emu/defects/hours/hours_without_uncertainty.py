"""The hours begin and end when the clock shows it, whatever it may be off."""

from collections.abc import Callable

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.ends import LegalHours
from meter_emu.firmware.layouts import Factory
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="hours decided by a clock taken at its word",
    effect=Effect.CUT_WRONGLY,
    law="no-wrong-cut",
    shown=unannounced(
        "2020-01-14 14:00", "2020-01-16 12:00", load_w=1992, keys=("clock_error_s = -59",)
    ),
    blind="clocks that are right, and minutes away from an edge",
    seen="Economy 7 meters an hour and forty minutes off (conversation.which.co.uk, 2014)",
    avoid="let what protects begin at clock plus error and end at clock minus error",
)
class HoursWithoutUncertainty(LegalHours):
    """Takes the clock at its word."""

    def may_run(self, now: Now, factory: Factory) -> bool:
        return super().may_run(now._replace(uncertainty_s=0), factory)

    def seconds_to_edge(self, now: Now, factory: Factory, grown_s: Callable[[int], int]) -> int:
        return super().seconds_to_edge(now._replace(uncertainty_s=0), factory, grown_s)
