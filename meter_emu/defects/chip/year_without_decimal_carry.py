"""The chip counts years in binary where they are BCD: after 2029 comes 2Ah."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.hardware.rtc.calendar_chip import CalendarChip


@Defect(
    mechanism="a BCD year counted in binary",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=armed("2030-01-02 12:00", on="2029-12-28 10:00"),
    blind="2020 to 2029, and each decade up to its end",
    seen="the other way round in the emulator 86Box, 31 December 2023: 86Box/86Box#3346",
    avoid="run a chip over the end of a decade and of a century",
)
class YearWithoutDecimalCarry(CalendarChip):
    """Forgets the digit of the decade."""

    def count_month(self) -> None:
        before = self.registers[self.YEAR]
        super().count_month()
        if self.registers[self.YEAR] != before:
            self.registers[self.YEAR] = before + 1
