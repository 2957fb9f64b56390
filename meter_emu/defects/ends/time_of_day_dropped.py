"""Of the end only the date is compared: it comes at 00:00."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="an end compared by its date alone",
    effect=Effect.EARLY,
    law="never-early",
    blind="ends at 00:00",
    seen="date fields that lose their time: tldraw/tldraw#9475; inferred for a meter",
    avoid="compare an end as a whole, as one instant",
)
class TimeOfDayDropped(EndStore):
    """Keeps what was announced and compares its midnight."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        return super().convert(civil._replace(hour=0, minute=0), now, None)
