"""A temporary card is obeyed after it has expired."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.gate import OrderGate, StatedEnd
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="an expiry that is not looked at",
    effect=Effect.ACCEPTS,
    law="no-wrong-cut",
    shown=armed(
        "2020-02-21 12:00", on="2020-02-20 10:00", keys=("card_expires = 2020-01-15T12:00:00",)
    ),
    blind="cards that do not expire",
    seen="files that were to go on 2 January 1984 and stayed: Wang OS (currybet.net); inferred for "
    "a card",
    avoid="try each date before, at and after its moment",
)
class ExpiryNotAsked(OrderGate):
    """Forgets to ask."""

    def expired(self, end: StatedEnd, now: Now) -> bool:
        return False
