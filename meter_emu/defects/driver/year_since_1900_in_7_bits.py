"""Years since 1900 are kept in a signed byte: 2028 is 1772."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.rtc.driver import FieldCodec


@Defect(
    mechanism="years since 1900 in a signed byte",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=armed("2028-01-05 12:00", on="2027-12-20 10:00"),
    blind="years up to 2027",
    seen="a radio control, found in 2017, due in 2028: opentx/opentx#4811",
    avoid="keep the full year, and compute the largest value of each number",
)
class YearSince1900In7Bits(FieldCodec):
    """Has room up to 127."""

    def year(self, byte: int) -> int | None:
        year = super().year(byte)
        return None if year is None else 1900 + (year - 1900 + 128) % 256 - 128
