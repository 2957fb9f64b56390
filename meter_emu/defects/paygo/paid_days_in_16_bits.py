"""Seconds of the days that were paid for are counted in 16 bits."""

from meter_emu.defects import Defect, Effect, keyed_in
from meter_emu.firmware.token.paygo import PaidTime
from meter_emu.units import DAY_S


@Defect(
    mechanism="days multiplied by 86,400 in integers of 16 bits",
    effect=Effect.NOT_CREDITED,
    law="credited-once",
    shown=keyed_in(
        "2024-03-09 12:00",
        sold=("2024-03-01 09:00 add 7",),
        visits=("2024-03-01 10:00 token 1",),
    ),
    blind="processors whose int has 32 bits, as a developer's has",
    seen="minutes and milliseconds multiplied in an int of an 8-bit processor: 1,040 minutes are "
    "too many (gh:kornel-schrenk/DiveIno#2, gh:Sensirion/arduino-snippets#7)",
    avoid="give the first factor the width of the product",
)
class PaidDaysIn16Bits(PaidTime):
    def seconds(self, value: int, divider: int) -> int:
        return (value * DAY_S & 0xFFFF) // divider
