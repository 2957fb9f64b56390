"""The office writes UTC where the card has legal time."""

from datetime import UTC, datetime

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.desk.dates import DeskCodec


class UtcOnTheCard(DeskCodec):
    """Keeps its dates in UTC, as servers do."""

    def write_time(self, when: Civil) -> bytes:
        utc = datetime(*when, tzinfo=self.zone.info).astimezone(UTC)
        return super().write_time(Civil(utc.year, utc.month, utc.day, utc.hour, utc.minute))


DEFECT = Defect(
    mechanism="UTC in a field of legal time",
    swap=UtcOnTheCard,
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-07-03 23:01", on="2020-06-29 10:00"),
    blind="never in Belgium; a test in UTC sees nothing",
    seen="a card that was not yet valid on its first morning: digitalfabrik/entitlementcard#2254",
    avoid="name the time of each field in its format; read back what was written, in another zone",
)
