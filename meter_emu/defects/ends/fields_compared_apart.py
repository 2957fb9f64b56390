"""Date and time of day are compared each for itself: past midnight the time is small again."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="date and time of day compared apart",
    effect=Effect.LATE,
    law="cut-comes",
    shown=july(end="2020-07-06 12:00", off=("2020-07-03 22:00", 5)),
    blind="meters that have power when the end comes",
    seen="windows over midnight that are never true: elizaOS/eliza#22053, "
    "cp2004/OctoPrint-WS281x_LED_Status#214",
    avoid="compare one number; if fields must be compared, from the largest down and only "
    "while they are equal",
)
class FieldsComparedApart(EndStore):
    """Asks for a later date and, apart from it, for a later time of day."""

    def due(self, end: bytes, now: Now) -> bool:
        legal, want = self.zone.to_legal(now.early_s // 60), self.understood(end)
        return want is not None and legal[:3] >= want[:3] and legal[3:] >= want[3:]
