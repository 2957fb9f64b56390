"""The office counts orders to 255 and stays there."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.desk.dates import DeskCodec


@Defect(
    mechanism="numbers of orders that stop at 255",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=july(keys=("age = { order_number = 255 }",)),
    blind="meters of fewer than 255 orders",
    seen="a server whose counter stopped at 65535: every later message was the same as "
    "the last (gh:brocaar/chirpstack-application-server#6)",
    avoid="refuse to write where a number is used up, visibly",
)
class OrderNumberStops(DeskCodec):
    def next_number(self, number: int) -> int:
        return max(number, min(super().next_number(number), 0xFF))
