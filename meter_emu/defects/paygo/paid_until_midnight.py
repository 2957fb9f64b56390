"""The end of the paid time is kept as a date."""

from meter_emu.defects import Defect, Effect, keyed_in
from meter_emu.firmware.token.paygo import PaidTime
from meter_emu.units import DAY_S


@Defect(
    mechanism="the end of the paid time kept as a date: the day of the end is none",
    effect=Effect.CUT_WRONGLY,
    law="paid-until",
    shown=keyed_in(
        "2024-03-04 12:00",
        sold=("2024-03-01 09:00 add 1",),
        visits=("2024-03-01 10:00 token 1",),
    ),
    blind="tokens that are keyed in at midnight",
    seen="subscriptions that end as their last day begins (gh:empirical-org/Empirical-Core#10819, "
    "gh:BloomBooks/BloomDesktop#8267)",
    avoid="keep an instant, and compare it as one",
)
class PaidUntilMidnight(PaidTime):
    def added(self, until_s: int, now_s: int, seconds: int) -> int:
        return super().added(until_s, now_s, seconds) // DAY_S * DAY_S

    def set_to(self, now_s: int, seconds: int) -> int:
        return super().set_to(now_s, seconds) // DAY_S * DAY_S
