"""A unit of a token is rounded to hours before it is multiplied."""

from meter_emu.defects import Defect, Effect, keyed_in
from meter_emu.firmware.token.paygo import PaidTime
from meter_emu.units import HOUR_S, HOURS_A_DAY


@Defect(
    mechanism="a part of a day rounded to whole hours, and multiplied then",
    effect=Effect.NOT_CREDITED,
    law="credited-once",
    needs=("parts of a day in broken seconds",),
    shown=keyed_in(
        "2024-03-05 12:00",
        sold=("2024-03-01 09:00 add 14",),
        visits=("2024-03-01 10:00 token 1",),
        model="openpaygo-part-days",
    ),
    blind="dividers of a day by which 24 can be divided",
    seen="a timer's hours that come out of a division of integers, and a duration that is divided "
    "first and multiplied then (gh:nielsonm236/NetMod-ServerApp#77, "
    "gh:zephyrproject-rtos/zephyr#31142)",
    avoid="multiply first, in integers that are wide enough, and divide once",
)
class UnitInWholeHours(PaidTime):
    def seconds(self, value: int, divider: int) -> int:
        return value * (HOURS_A_DAY // divider) * HOUR_S
