"""The month is written as BCD of the month before, plus one: October is 0Ah."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.rtc.driver import FieldCodec


@Defect(
    mechanism="one added after the conversion to BCD",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=armed("2020-10-14 12:00", on="2020-10-12 10:00"),
    blind="a clock set from November to September",
    seen="an alarm register of Linux ds1307 (mcp794xx), commit 62c8c20a",
    avoid="convert last; try every value of a field, not some",
)
class MonthPlusOneInBcd(FieldCodec):
    """Adds after it has converted."""

    def to_month(self, month: int) -> int:
        return self.to_bcd(month - 1) + 1
