"""The office writes UTC where the card has legal time."""

from datetime import UTC, datetime

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.desk.dates import DeskCodec


@Defect(
    mechanism="UTC in a field of legal time",
    effect=Effect.EARLY,
    law="never-early",
    blind="never in Belgium; a test in UTC sees nothing",
    seen="a card that was not yet valid on its first morning: digitalfabrik/entitlementcard#2254",
    avoid="name the time of each field in its format; read back what was written, in another zone",
)
class UtcOnTheCard(DeskCodec):
    """Keeps its dates in UTC, as servers do."""

    def write_time(self, when: Civil) -> bytes:
        utc = datetime(*when, tzinfo=self.zone.info).astimezone(UTC)
        return super().write_time(Civil(utc.year, utc.month, utc.day, utc.hour, utc.minute))
