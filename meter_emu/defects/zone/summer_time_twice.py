"""The hour of summer time is taken off a time from which it was taken already."""

from meter_emu.defects import Defect, Effect
from meter_emu.firmware.calendar import Zone


@Defect(
    mechanism="summer time applied twice",
    effect=Effect.EARLY,
    law="never-early",
    blind="winter",
    seen="a utility meter that began its day at 23:00 on 31 March 2024: home-"
    "assistant/core#114547; esphome/issues#6267",
    avoid="have one function that goes from legal time to UTC, and types or names that say "
    "which a number is",
)
class SummerTimeTwice(Zone):
    """Takes the offset, and then the season once more."""

    def to_utc_later(self, legal_min: int) -> int:
        utc_min = super().to_utc_later(legal_min)
        return utc_min - (self.offset_min(utc_min) - self.standard_min)
