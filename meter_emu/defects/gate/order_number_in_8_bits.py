"""The number of an order is compared in eight bits."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.gate import OrderGate


@Defect(
    mechanism="numbers of orders compared in eight bits",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=july(keys=("age = { order_number = 255 }",)),
    blind="meters of fewer than 255 orders: the next one looks older than the last",
    seen="LoRaWAN frame counters of 16 bits at a network server: after 65535 every frame"
    " was dropped as late (gh:helium/router#643)",
    avoid="compare numbers in the width that they are kept in, and test at the end of it",
)
class OrderNumberIn8Bits(OrderGate):
    def fresh(self, number: int, known: int) -> bool:
        return number & 0xFF > known & 0xFF
