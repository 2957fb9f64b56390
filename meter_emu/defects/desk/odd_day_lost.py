"""The lowest bit of the day is lost: 3 July becomes 2 July."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.desk.dates import DeskCodec


@Defect(
    mechanism="a bit of the day lost in packing",
    effect=Effect.EARLY,
    law="never-early",
    blind="even days: RESA's 30 June 2020, not ORES's 3 July",
    seen="a packed date whose odd days went wrong: domoticz/domoticz#4015",
    avoid="pack by multiplication or by a layout library; try two days in a row",
)
class OddDayLost(DeskCodec):
    """Shifts the day by a place too many and back."""

    def write_time(self, when: Civil) -> bytes:
        return super().write_time(when._replace(day=max(1, when.day & ~1)))
