"""The hours are worked out from a clock that is not believed."""

from meter_emu.defects import Defect, Effect, clock_lost
from meter_emu.firmware.ends import LegalHours
from meter_emu.firmware.layouts import Factory, Health
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="hours decided by a clock that is not believed",
    effect=Effect.CUT_WRONGLY,
    law="credit-without-time",
    shown=clock_lost("2020-02-19 20:00 blue"),
    blind="clocks that are believed",
    seen="a meter that stood at 2000-01-01 01:00, and one five months behind: "
    "dsmrreader/dsmr-reader#811 and #1225",
    avoid="without a time, count everything that protects as running",
)
class DoubtedClockObeyed(LegalHours):
    """Asks what time it is, and not whether that is known."""

    def may_run(self, now: Now, factory: Factory) -> bool:
        return super().may_run(now._replace(health=Health.TRUSTED), factory)
