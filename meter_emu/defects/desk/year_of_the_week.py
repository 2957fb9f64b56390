"""The office writes the year of the ISO week: 2 January 2021 is in 2020."""

from datetime import date

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.desk.dates import DeskCodec


@Defect(
    mechanism="the year of the ISO week for the calendar year",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2021-01-02 12:00", on="2020-12-29 10:00"),
    blind="all but the days around New Year, and some New Years",
    seen="iPhone alarms, 1 and 2 January 2011 (alex.kirk.at); date-fns/date-fns#1855",
    avoid="use the letters of the calendar year; try 29 December to 3 January of seven years",
)
class YearOfTheWeek(DeskCodec):
    """Formats with YYYY where yyyy was meant."""

    def write_time(self, when: Civil) -> bytes:
        year = date(when.year, when.month, when.day).isocalendar().year
        return super().write_time(when._replace(year=year))
