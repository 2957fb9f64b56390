"""The wait for the end is kept in minutes, in 16 bits: it wraps after 45 days and 12 hours."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="a wait in 16 bits of minutes",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-07-03 23:01", on="2020-05-15 10:00"),
    blind="ends within 45 days 12 hours and 15 minutes",
    seen="a sensor gateway, 2020: aattww/sensors#3; in 24 bits it was the token rollover "
    "of all STS meters, 24 November 2024",
    avoid="compute the longest wait that can be ordered, and give it room; try one beyond "
    "each width",
)
class MinutesIn16Bits(EndStore):
    """Loses what does not fit."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        now_min = now.utc_s // 60
        return now_min + ((super().convert(civil, now, utc_min) - now_min) & 0xFFFF)
