"""The instant on the card is not read: the civil time next to it is converted anew."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="an instant thrown away for its civil time",
    effect=Effect.LATE,
    law="clocks-change",
    needs=("secure card of generation 2",),
    shown=armed("2020-10-25 02:30+02:00", on="2020-10-20 10:00", keys=("card_generation = 2",)),
    blind="all but the first of two equal hours in October, and cards of generation 1",
    seen="a season that a meter's telegram carries and its reader ignores: "
    "wmbusmeters/wmbusmeters#1364",
    avoid="use the most exact form that there is, and check the other against it",
)
class InstantNotRead(EndStore):
    """Takes the later of two readings, whichever is meant."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        return super().convert(civil, now, None)
