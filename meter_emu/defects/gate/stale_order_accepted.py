"""An order with a lower number than the last is obeyed too."""

from typing import Final

from typing_extensions import override

from meter_emu.defects import Defect, Effect
from meter_emu.firmware.gate import OrderGate


class StaleOrderAccepted(OrderGate):
    """Obeys whatever is not the order it knows."""

    __slots__ = ()

    @override
    def fresh(self, number: int, known: int) -> bool:
        return True


DEFECT: Final = Defect(
    id="stale-order-accepted",
    mechanism="an old order obeyed again",
    part=OrderGate,
    swap=StaleOrderAccepted,
    effect=Effect.ACCEPTS,
    shown="it takes a copy of a card, and in a campaign a card never holds an older order",
    blind="cards that are what the office wrote last",
    seen="replay of stored orders, the reason for the tokens' identifiers in STS meters "
    "(proteametering.co.za/tid)",
    avoid="number orders and keep the highest; refuse lower ones visibly",
)
