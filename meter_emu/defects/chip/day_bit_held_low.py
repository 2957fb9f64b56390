"""The lowest bit of the day is always 0 on the bus."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.hardware.rtc.calendar_chip import CalendarChip


@Defect(
    mechanism="a bit of a register that is held",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=armed("2020-07-03 23:01", on="2020-06-28 10:00"),
    blind="even days",
    seen="a chip whose registers are sometimes read wrongly, so that a driver reads a hundred "
    "times: Marvell erratum FE-3124064 (U-Boot, commit 113f194a)",
    avoid="hold a reading to the one before and to the ticks; doubt it when they disagree",
)
class DayBitHeldLow(CalendarChip):
    """Reads even days; what it counts is right."""

    def on_the_bus(self, at: int, raw: bytes) -> bytes:
        sent = bytearray(super().on_the_bus(at, raw))
        if at <= self.DAY < at + len(sent):
            sent[self.DAY - at] &= ~1
        return bytes(sent)
