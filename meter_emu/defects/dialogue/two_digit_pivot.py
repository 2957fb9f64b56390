"""Two digits of a year from 69 on are in the century before."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.gate import RecordCodec


@Defect(
    mechanism="a pivot for years of two digits",
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=armed("2069-01-04 12:00", on="2068-12-28 10:00"),
    blind="years up to 2068",
    seen="the pivot of POSIX strptime, 69 (computed); rules that took a year to be grossly in the "
    "future: SpamAssassin, 1 January 2010 (grepular.com)",
    avoid="write the century with the year, or say the hundred years that are meant",
)
class TwoDigitPivot(RecordCodec):
    """Has the pivot of a library."""

    def civil(self, raw: bytes) -> Civil | None:
        civil = super().civil(raw)
        return (
            civil if civil is None or civil.year < 2069 else civil._replace(year=civil.year - 100)
        )
