"""Ends are kept in quarters of an hour, cut off."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="minutes cut off to the quarter",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-07-03 23:14", on="2020-06-29 10:00"),
    blind="ends on a quarter, and in the two minutes after it",
    seen="time that is cut off to what a field holds: the Patriot clock, 25 February 1991, 0.1 s "
    "in 24 bits (dillingers.com); inferred for a meter",
    avoid="keep the unit in which times are announced; where one must round, round to the side "
    "that harms nobody",
)
class QuarterHours(EndStore):
    """Has the period of a load profile for its unit."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        return super().convert(civil, now, utc_min) // 15 * 15
