"""The offset is added on the way to UTC, where it must be taken off."""

from meter_emu.defects import Defect, Effect
from meter_emu.firmware.calendar import Zone


@Defect(
    mechanism="an offset with the wrong sign",
    effect=Effect.LATE,
    law="cut-comes",
    blind="never in Belgium; a test in UTC sees nothing",
    seen="a meter reader, 15 June 2024: UtilitechAS/amsreader-firmware#809",
    avoid="name offsets by direction, legal minus UTC; test in a zone that is never UTC",
)
class OffsetAdded(Zone):
    """Goes the wrong way."""

    def to_utc_later(self, legal_min: int) -> int:
        return legal_min + self.offset_min(legal_min)
