"""The office stamps its legal time as if it were UTC."""

from datetime import datetime, timedelta

from meter_emu.defects import Defect, Effect
from meter_emu.desk.dates import DeskDates


@Defect(
    mechanism="the date of issue in legal time",
    effect=Effect.DOUBTS,
    law="doubts",
    blind="offices in Greenwich, in winter",
    seen="tokens that were issued in the future by another machine's clock, and refused "
    "(gh:lexik/LexikJWTAuthenticationBundle#286, gh:indigo-iam/iam#704)",
    avoid="stamp an instant, never a legal time",
)
class StampInLegalTime(DeskDates):
    def stamp(self, now_us: int) -> int:
        now = datetime.fromtimestamp(now_us // 1_000_000, self.zone.info)
        return super().stamp(now_us) + (now.utcoffset() or timedelta()) // timedelta(minutes=1)
