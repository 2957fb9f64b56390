"""The protected night from 16:00 belongs to the day on which it ends."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="an evening counted to the next day",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-07-03 20:00", on="2020-06-29 10:00"),
    blind="ends before 16:00: RESA's 09:00, not ORES's 23:01",
    seen="inferred: it fits both dates of 2020, the night of ORES (lalibre.be) and the morning of "
    "RESA (lesoir.be)",
    avoid="give a night two dates, or none; compare instants",
)
class NightNamedByItsMorning(EndStore):
    """Takes 23:01 for the evening before."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        return super().convert(civil, now, utc_min) - 1440 * (civil.hour >= 16)
