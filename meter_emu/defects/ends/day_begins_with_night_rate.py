"""The meter's day begins when the night price does, at 22:00."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="a day that begins at 22:00",
    effect=Effect.EARLY,
    law="never-early",
    blind="ends before 22:00",
    seen="inferred from ORES's night of 2 July 2020 (lalibre.be); a utility meter that began its "
    "day at 23:00: home-assistant/core#114547",
    avoid="begin days at midnight of legal time, and say so",
)
class DayBeginsWithNightRate(EndStore):
    """Has the last two hours of a day in the next."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        return super().convert(civil, now, utc_min) - 1440 * (civil.hour >= 22)
