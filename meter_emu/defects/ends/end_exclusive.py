"""The end date is taken as the first day *without*: everything ends a day early, time kept."""

from typing import Final

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now

_FIRST: Final = Civil(2000, 1, 1, 0, 0)  # nothing before it can be stored


@Defect(
    mechanism="an end date taken as the first day without",
    effect=Effect.EARLY,
    law="never-early",
    blind="never: every end is a day early, and the display says so",
    seen="licence and subscription ends: owncloud/core#39735, pkp/pkp-lib#6229, "
    "empirical-org/Empirical-Core#10819",
    avoid="say of every end whether it is in or out; one half-open instant, compared as a whole",
)
class EndDateExclusive(EndStore):
    """Steps the date back on acceptance, and believes it: an instant next to it is not read."""

    def accept(self, civil: Civil | None, now: Now, utc_min: int | None = None) -> bytes:
        if civil is not None:
            civil = max(_FIRST, self.calendar.civil(self.calendar.minutes(civil) - 1440))
        return super().accept(civil, now)
