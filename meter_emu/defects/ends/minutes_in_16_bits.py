"""The wait for the end is kept in minutes, in 16 bits: it wraps after 45 days and 12 hours."""

from typing import Final

from typing_extensions import override

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.defects.showing import armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.layouts import NO_END
from meter_emu.firmware.trust import Now


class MinutesIn16Bits(EndStore):
    """Loses what does not fit."""

    __slots__ = ()

    @override
    def accept(self, civil: Civil | None, now: Now, utc_min: int | None = None) -> bytes:
        kept = super().accept(civil, now, utc_min)
        if kept == NO_END:
            return kept
        now_min = now.utc_s // 60
        wait_min = (self.instant_s(kept) // 60 - now_min) & 0xFFFF
        return kept[:5] + (now_min + wait_min).to_bytes(4, "big") + kept[9:]


DEFECT: Final = Defect(
    id="minutes-in-16-bits",
    mechanism="a wait in 16 bits of minutes",
    part=EndStore,
    swap=MinutesIn16Bits,
    effect=Effect.EARLY,
    shown=armed("2020-07-03 23:01", on="2020-05-15 10:00"),
    blind="ends within 45 days 12 hours and 15 minutes",
    seen="a sensor gateway, 2020: aattww/sensors#3; in 24 bits it was the token rollover "
    "of all STS meters, 24 November 2024",
    avoid="compute the longest wait that can be ordered, and give it room; try one beyond "
    "each width",
)
