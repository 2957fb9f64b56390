"""The expiry of a card, which is legal time, is compared with UTC."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.gate import OrderGate, StatedEnd
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="an expiry in another zone than the clock",
    effect=Effect.ACCEPTS,
    law="no-wrong-cut",
    shown=armed(
        "2020-07-03 23:01", on="2020-07-01 10:00", keys=("card_expires = 2020-07-01T10:05:00",)
    ),
    blind="all but the two hours after an expiry",
    seen="the other way round: a card that was not yet valid for two hours, "
    "digitalfabrik/entitlementcard#2254, June 2025",
    avoid="convert once, on reading; compare instants",
)
class ExpiryComparedInUtc(OrderGate):
    """Gives a card an hour or two more."""

    def expired(self, end: StatedEnd, now: Now) -> bool:
        return now.dated and self._ends.calendar.civil(now.early_s // 60) >= end.civil
