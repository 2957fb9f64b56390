"""The office reckons instants with the offset of winter, all year."""

from datetime import datetime, timedelta, timezone

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, july
from meter_emu.desk.dates import CivilReading, DeskDates


@Defect(
    mechanism="an offset written into the program",
    effect=Effect.REFUSES,
    law="generation",
    needs=("secure card of generation 2",),
    shown=july(keys=("card_generation = 2",)),
    blind="winter, and cards of generation 1",
    seen="meters that send no offset, and a reader that took an hour for all of them: "
    "UtilitechAS/amsreader-firmware#1227",
    avoid="take the offset from the zone's rule for the moment that is meant",
)
class InstantInWinterTime(DeskDates):
    """Has one hour in its program, and no rule."""

    def minute_of(self, when: Civil, reading: CivilReading | None = None) -> int:
        self.check(when)
        winter = datetime(*when, tzinfo=timezone(timedelta(minutes=self.zone.rule.standard_min)))
        return self.minute_of_instant(winter)
