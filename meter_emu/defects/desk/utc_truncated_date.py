"""The office turns local midnight into UTC and keeps the date: the day before."""

from datetime import UTC, datetime

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.desk.dates import DeskCodec


@Defect(
    mechanism="local midnight cut to a date in UTC",
    effect=Effect.EARLY,
    law="never-early",
    blind="never in Belgium; a test machine in UTC sees nothing. On a generation 2 card the"
    " meter sees that the two forms disagree",
    seen="arca-computing/MultipleDatePicker#11, dcloudio/uni-ui#998, primeroIMS/primero#94",
    avoid="carry a date as a date; convert instants only, and read back what was written",
)
class UtcTruncatedDate(DeskCodec):
    """Keeps the time of day and loses a day, everywhere east of Greenwich."""

    def write_time(self, when: Civil) -> bytes:
        day = datetime(when.year, when.month, when.day, tzinfo=self.zone.info).astimezone(UTC)
        return super().write_time(when._replace(year=day.year, month=day.month, day=day.day))
