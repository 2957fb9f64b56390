"""T1 and T2 are shown and written back in UTC."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.firmware.ends import EndStore


@Defect(
    mechanism="a display in another zone than the announcement",
    effect=Effect.WRONG_DISPLAY,
    law="says-what-it-understood",
    blind="never in Belgium; a test in UTC sees nothing",
    seen="Nest, 29 March 2015: the display had changed its clock, the schedule had not "
    "(theregister.com)",
    avoid="show what was announced, in the words of the announcement; read it back in a test",
)
class ShownInUtc(EndStore):
    """Acts rightly, and says another time."""

    def understood(self, end: bytes) -> Civil | None:
        return self.calendar.civil(self.instant_s(end) // 60) if self.armed(end) else None
