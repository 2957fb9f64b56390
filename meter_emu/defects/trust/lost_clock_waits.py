"""A clock that has lost the time stands still until somebody says what time it is."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.trust import ClockState, ClockTrust, Now, TrustBounds


@Defect(
    mechanism="what is unknown taken for what cannot be bounded",
    effect=Effect.NEVER,
    law="doubt-has-an-end",
    shown=armed(
        "2020-01-10 23:01",
        on="2020-01-06 10:00",
        off=("2020-01-09 10:00", 984),
        end="2020-02-27 12:00",
    ),
    blind="clocks that have never lost their power; households that come to an office again",
    seen="ours: our own program until November 2026",
    avoid="go on from the last certain time: it is late, and never early",
)
class LostClockWaits(ClockTrust):
    """Knows what time it was, and does not go on from there."""

    def goes_on_s(
        self, now: Now, state: ClockState, factory: TrustBounds, ticks_ms: int | None
    ) -> int | None:
        return None
