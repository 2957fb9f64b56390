"""What lies behind the clock is planned for tomorrow before anything looks whether it was due."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="a plan made anew before it is looked at",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=armed("2020-07-03 02:00", on="2020-06-29 10:00"),
    blind="ends that do not lie in the minute before the clock's midnight",
    seen="a timer that is set again at the very moment it should fire: domoticz/domoticz#2027",
    avoid="carry out what is due before anything is planned; try an end at every event of the "
    "program",
)
class TomorrowBeforeItWasDue(EndStore):
    """Plans anew at midnight: an end of that minute never comes."""

    def tick(self, end: bytes, now: Now) -> bytes:
        minute = self.instant_s(end) // 60
        if minute * 60 <= now.utc_s:
            minute += 1440
        return end[:5] + minute.to_bytes(4, "big") + end[9:]
