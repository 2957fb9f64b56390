"""The office counts orders in 16 bits and begins again."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.desk.dates import DeskCodec


@Defect(
    mechanism="numbers of orders that begin again at one",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=july(keys=("age = { order_number = 65535 }",), model="electricity-ds3231-utc"),
    blind="meters of fewer than 65,535 orders",
    seen="frame counters of 16 bits that begin again, and a server that drops what is no"
    " larger (gh:helium/router#643, gh:Lora-net/LoRaMac-node#969)",
    avoid="never use a number again; count in the width of the record",
)
class OrderNumberBeginsAgain(DeskCodec):
    def next_number(self, number: int) -> int:
        return (super().next_number(number) & 0xFFFF) or 1
