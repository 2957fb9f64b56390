"""The civil time of the card is taken for UTC."""

from meter_emu.defects import Defect, Effect
from meter_emu.firmware.calendar import Zone


@Defect(
    mechanism="legal time taken for UTC",
    effect=Effect.LATE,
    law="cut-comes",
    blind="never in Belgium; a test in UTC sees nothing",
    seen="the mirror of home-assistant/core#114547; meters that count UTC: "
    "community.bulb.co.uk (March 2020)",
    avoid="name what a number counts; try the program in a zone that is never UTC",
)
class ZoneIgnored(Zone):
    """Converts nothing."""

    def to_utc_later(self, legal_min: int) -> int:
        return legal_min
