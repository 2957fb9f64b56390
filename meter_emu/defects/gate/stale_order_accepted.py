"""An order with a lower number than the last is obeyed too."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.gate import OrderGate


@Defect(
    mechanism="an old order obeyed again",
    effect=Effect.ACCEPTS,
    law="older-copy",
    shown=july(
        then=("2020-07-01 10:00 reactivate", "2020-07-01 11:00 insert", "2020-07-02 11:00 copy 1")
    ),
    blind="cards that are what the office wrote last",
    seen="replay of stored orders, the reason for the tokens' identifiers in STS meters "
    "(proteametering.co.za/tid)",
    avoid="number orders and keep the highest; refuse lower ones visibly",
)
class StaleOrderAccepted(OrderGate):
    """Obeys whatever is not the order it knows."""

    def fresh(self, number: int, known: int) -> bool:
        return True
