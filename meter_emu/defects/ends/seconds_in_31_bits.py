"""Seconds since 1970 are kept in a signed 32-bit number: 2038 is 1901."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore


@Defect(
    mechanism="signed seconds of 32 bits",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2038-01-20 12:00", on="2038-01-15 10:00"),
    blind="ends up to 19 January 2038, 04:14",
    seen="the arithmetic of Unix time (computed); the same width in hundredths of a second stops a "
    "Boeing 787's generators after 248 days (AD 2015-09-07)",
    avoid="give seconds 64 bits; set the clock past each width that is used",
)
class SecondsIn31Bits(EndStore):
    """Has all ends after 19 January 2038 behind it."""

    def instant_s(self, end: bytes) -> int:
        return (super().instant_s(end) + 2**31) % 2**32 - 2**31
