"""Time that is added counts from now, whatever is left."""

from meter_emu.defects import Defect, Effect, keyed_in
from meter_emu.firmware.token.paygo import PaidTime


@Defect(
    mechanism="time that is added to now, and not to what is left",
    effect=Effect.NOT_CREDITED,
    law="credited-once",
    shown=keyed_in(
        "2024-03-08 12:00",
        sold=("2024-03-01 09:00 add 3", "2024-03-02 09:00 add 3"),
        visits=("2024-03-01 10:00 token 1", "2024-03-02 10:00 token 2"),
    ),
    blind="households that buy when nothing is left",
    seen="renewals that run from the day of payment: who pays in time pays twice for the days "
    "between (gh:restrictcontentpro/restrict-content-pro#113, gh:rinvex/laravel-subscriptions#66)",
    avoid="add to the later of now and the end",
)
class RestThrownAway(PaidTime):
    def added(self, until_s: int, now_s: int, seconds: int) -> int:
        return super().added(now_s, now_s, seconds)
