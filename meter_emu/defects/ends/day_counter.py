"""The end is days, counted down at midnight, and at every power-up too."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="a day counter that something else moves as well",
    effect=Effect.EARLY,
    law="never-early",
    shown=july(off=("2020-06-30 14:00", 1)),
    blind="meters that never lose power, and whose clock is never set",
    seen="a garden watered two days early: altmenorg/HAsmartirrigation#802",
    avoid="store the instant and compare it; count down by one event only",
)
class DayCounter(EndStore):
    """Keeps minutes from the midnight of today: a tick takes a day off."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        return max(0, super().convert(civil, now, utc_min) - (now.utc_s - self.now_s(now)) // 60)

    def tick(self, end: bytes, now: Now) -> bytes:
        return end[:5] + max(0, self.instant_s(end) // 60 - 1440).to_bytes(4, "big") + end[9:]

    def now_s(self, now: Now) -> int:
        return now.second_of_day or 0
