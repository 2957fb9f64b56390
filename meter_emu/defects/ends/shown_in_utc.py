"""T1 and T2 are shown and written back in UTC."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore


class ShownInUtc(EndStore):
    """Acts rightly, and says another time."""

    def understood(self, end: bytes) -> Civil | None:
        return self.calendar.civil(self.instant_s(end) // 60) if self.armed(end) else None


DEFECT = Defect(
    mechanism="a display in another zone than the announcement",
    swap=ShownInUtc,
    effect=Effect.WRONG_DISPLAY,
    law="says-what-it-understood",
    shown=armed("2020-07-03 23:01", on="2020-06-29 10:00"),
    blind="never in Belgium; a test in UTC sees nothing",
    seen="Nest, 29 March 2015: the display had changed its clock, the schedule had not "
    "(theregister.com)",
    avoid="show what was announced, in the words of the announcement; read it back in a test",
)
