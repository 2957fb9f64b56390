"""The office formats hours as 1 to 12: 23:01 becomes 11:01."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.desk.dates import DeskCodec


@Defect(
    mechanism="hours of a 12-hour clock without AM and PM",
    effect=Effect.EARLY,
    law="never-early",
    blind="01:00 to 12:59",
    seen="clj-commons/etaoin#192, thehyve/transmart-core#378",
    avoid="try an end in the evening and one at midnight",
)
class TwelveHourFormat(DeskCodec):
    """Formats with hh where HH was meant."""

    def write_time(self, when: Civil) -> bytes:
        return super().write_time(when._replace(hour=(when.hour + 11) % 12 + 1))
