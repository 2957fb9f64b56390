"""The month is read as BCD of the register less one: in October 0Fh."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.rtc.driver import FieldCodec


@Defect(
    mechanism="one taken off before the conversion from BCD",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=armed("2020-10-02 12:00", on="2020-09-30 10:00"),
    blind="from November to September",
    seen="Linux max6902, October 2006: bugzilla.kernel.org 7361",
    avoid="convert first; try every value of a field, not some",
)
class MonthMinusOneInBcd(FieldCodec):
    """Takes off before it has converted."""

    def month(self, byte: int) -> int | None:
        number = self.bcd(byte - 1)
        return number + 1 if number is not None and number <= 11 else None
