"""The day of the year is kept in one byte: 256 is 0."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="a day of the year in a byte",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-09-14 12:00", on="2020-09-07 10:00"),
    blind="January to 12 September",
    seen="hours in a signed number of 16 bits, disks that stop after 32,768 h (hardcoregames.ca, "
    "November 2019); a year in a byte: opentx/opentx#4811",
    avoid="compute the largest value of a field before its width is chosen",
)
class DayOfYearIn8Bits(EndStore):
    """Knows no day after 12 September."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        day, minute = divmod(super().convert(civil, now, utc_min), 1440)
        new_year = self.calendar.new_year(self.calendar.year(day))
        return (new_year + (day - new_year) % 2**8) * 1440 + minute
