"""A run remembers its day, and waits for it again when the clock was set back."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="a scheduler that waits until the clock is where it was",
    effect=Effect.LATE,
    law="set-back",
    shown=armed(
        "2020-06-20 01:50",
        on="2020-06-15 10:00",
        then=("2020-06-20 01:40 technician",),
        keys=("clock_set = 2017-09-01T10:00:00", "drift_ppb = 45_000"),
    ),
    blind="clocks that are never set back over a midnight",
    seen="absolute comparisons: petrochen/esp8266-weather-clock-opensource#11",
    avoid="decide by the end and the time alone; plan anew when the clock is set",
)
class FreezeAfterStepBack(EndStore):
    """Keeps the day of its last run in spare bytes, and acts on no day before."""

    def tick(self, end: bytes, now: Now) -> bytes:
        return end[:9] + now.day.to_bytes(2, "big") + end[11:]

    def due(self, end: bytes, now: Now) -> bool:
        return super().due(end, now) and int.from_bytes(end[9:11], "big") % 0xFFFF <= now.day
