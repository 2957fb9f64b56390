"""The end is a number of days that is counted down at midnight, and at every power-up too."""

from typing import Final

from typing_extensions import override

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.defects.showing import armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.layouts import NO_END
from meter_emu.firmware.trust import Now
from meter_emu.units import DAY_S


class DayCounter(EndStore):
    """Another design of the end: days left in two bytes, and the minute of the day."""

    __slots__ = ()

    @override
    def accept(self, civil: Civil | None, now: Now, utc_min: int | None = None) -> bytes:
        kept = super().accept(civil, now, utc_min)
        if kept == NO_END:
            return kept
        days = self.instant_s(kept) // DAY_S - now.utc_s // DAY_S
        return kept[:9] + min(max(0, days), 0xFFFE).to_bytes(2, "big") + b"\xff"

    @override
    def tick(self, end: bytes, now: Now) -> bytes:
        days = int.from_bytes(end[9:11], "big")
        return end[:9] + max(0, days - 1).to_bytes(2, "big") + end[11:]

    @override
    def due(self, end: bytes, now: Now) -> bool:
        return self.wait_s(end, now) <= 0

    @override
    def wait_s(self, end: bytes, now: Now) -> int:
        at_s = DAY_S if any(end[9:11]) else self.instant_s(end) % DAY_S
        return at_s - now.utc_s % DAY_S


DEFECT: Final = Defect(
    id="day-counter",
    mechanism="a day counter that something else moves as well",
    part=EndStore,
    swap=DayCounter,
    effect=Effect.EARLY,
    shown=armed(
        "2020-07-03 23:01",
        on="2020-06-29 10:00",
        keys=("outages = [{ from = 2020-06-30T14:00:00, to = 2020-06-30T15:00:00 }]",),
    ),
    blind="meters that never lose power, and whose clock is never set",
    seen="a garden watered two days early: altmenorg/HAsmartirrigation#802",
    avoid="store the instant and compare it; what is counted down must be counted by one "
    "event only",
)
