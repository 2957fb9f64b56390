"""An end in the evening is the end of its day, and the day ends at midnight UTC."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="the end of a day in UTC",
    effect=Effect.LATE,
    law="cut-comes",
    blind="ends before 23:00",
    seen="roles that ended late: newtheatre/stage-door#139; square/plastic#4",
    avoid="an end is an instant; do not make a day of it and an instant of the day",
)
class EndOfDayInUtc(EndStore):
    """Is up to three hours late."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        kept_min = super().convert(civil, now, utc_min)
        return kept_min if civil.hour < 23 else -(-kept_min // 1440) * 1440
