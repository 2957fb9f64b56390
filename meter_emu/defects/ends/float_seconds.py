"""Instants are compared as 32-bit floating point: in 2020 they are 128 seconds apart."""

from struct import pack, unpack

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.ends import EndStore


@Defect(
    mechanism="seconds since 1970 in a float of 32 bits",
    effect=Effect.EARLY,
    law="never-early",
    shown=july(keys=("clock_error_s = 59", "drift_ppb = 50_000", "poll_phase_us = 52_000_000")),
    blind="meters whose clock is not fast, and ends whose second is a multiple of 128; half"
    " of all are late",
    seen="derived: the arithmetic of a float; the same class as the Patriot clock of 25 "
    "February 1991",
    avoid="keep time in integers",
)
class FloatSeconds(EndStore):
    """Rounds the end to what a float can hold."""

    def instant_s(self, end: bytes) -> int:
        (rounded,) = unpack(">f", pack(">f", super().instant_s(end)))
        return int(rounded)
