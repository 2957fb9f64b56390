"""The end is looked at once a day, at midnight of the clock."""

from meter_emu.defects import Defect, Effect
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="a daily run that looks for what has ended",
    effect=Effect.LATE,
    law="cut-comes",
    blind="ends in the minutes before the clock's midnight",
    seen="files that could not be deleted after the day they expired: Wang OS, 1 January 1984 "
    "(currybet.net)",
    avoid="look when an end comes, not when a day does",
)
class LookedAtOnceADay(EndStore):
    """Marks what has come, and acts on what is marked."""

    def tick(self, end: bytes, now: Now) -> bytes:
        return end[:9] + (b"\x01" if self.instant_s(end) <= now.early_s else b"\x00") + end[10:]

    def due(self, end: bytes, now: Now) -> bool:
        return end[9] == 1
