"""The civil time of the card is taken for UTC."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.calendar import Zone


class ZoneIgnored(Zone):
    """Converts nothing."""

    def to_utc_later(self, legal_min: int) -> int:
        return legal_min


DEFECT = Defect(
    mechanism="legal time taken for UTC",
    swap=ZoneIgnored,
    effect=Effect.LATE,
    law="cut-comes",
    shown=armed("2020-07-03 23:01", on="2020-06-29 10:00"),
    blind="never in Belgium; a test in UTC sees nothing",
    seen="the mirror of home-assistant/core#114547; meters that count UTC: "
    "community.bulb.co.uk (March 2020)",
    avoid="name what a number counts; try the program in a zone that is never UTC",
)
