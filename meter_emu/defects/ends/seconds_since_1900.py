"""Seconds since 1900 are kept in 32 bits: they wrap on 7 February 2036."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore


@Defect(
    mechanism="seconds since 1900 in 32 bits",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2036-02-08 12:00", on="2036-02-01 10:00"),
    blind="ends up to 7 February 2036, 06:28 UTC",
    seen="the network time protocol's first era (computed)",
    avoid="keep the era next to the seconds; set the clock past the wrap",
)
class SecondsSince1900(EndStore):
    """Has the era of the network time protocol, and no number for it."""

    def instant_s(self, end: bytes) -> int:
        return (super().instant_s(end) + 2_208_988_800) % 2**32 - 2_208_988_800
