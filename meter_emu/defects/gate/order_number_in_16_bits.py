"""The number of an order is kept in 16 bits of its 32."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.gate import OrderGate


@Defect(
    mechanism="numbers of orders compared in 16 bits",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=july(keys=("age = { order_number = 65535 }",), model="electricity-ds3231-utc"),
    blind="meters of fewer than 65,535 orders, and all memory cards, which carry no more",
    seen="only the 16 bits on the air of a LoRaWAN downlink's counter were kept, and "
    "from 65536 on every message was dropped (gh:lora-rs/lora-rs#446, "
    "gh:ARMmbed/mbed-os#10154)",
    avoid="compare numbers in the width that they are kept in, and test at the end of it",
)
class OrderNumberIn16Bits(OrderGate):
    def fresh(self, number: int, known: int) -> bool:
        return number & 0xFFFF > known & 0xFFFF
