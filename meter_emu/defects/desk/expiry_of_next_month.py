"""The office writes the first of the next month for the end of a temporary card."""

from datetime import date, timedelta

from card_protocol.formats.budget import IdentityRecord
from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.desk.dates import DeskCodec, Written


@Defect(
    mechanism="an expiry moved to the next month",
    effect=Effect.ACCEPTS,
    law="no-wrong-cut",
    shown=armed(
        "2020-01-17 12:00", on="2020-01-16 10:00", keys=("card_expires = 2020-01-15T12:00:00",)
    ),
    blind="cards that do not expire; on one of generation 2 the two forms disagree",
    seen="tickets shown as valid a month too long: AtB-AS/mittatb-app#3524",
    avoid="write the end that was sold, and read it back",
)
class ExpiryOfNextMonth(DeskCodec):
    """Has tickets that last to the end of a month."""

    def expiring(self, identity: IdentityRecord, at: Written | None) -> IdentityRecord:
        if at is None:
            return super().expiring(identity, at)
        day = date(at.civil.year, at.civil.month, 28) + timedelta(days=4)
        return super().expiring(identity, Written(Civil(day.year, day.month, 1, 0, 0), at.minute))
