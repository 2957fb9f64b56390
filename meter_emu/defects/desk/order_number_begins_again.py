"""The office counts orders in 16 bits and begins again."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.desk.dates import DeskCodec


class OrderNumberBeginsAgain(DeskCodec):
    def next_number(self, number: int) -> int:
        return (super().next_number(number) & 0xFFFF) or 1


DEFECT = Defect(
    mechanism="numbers of orders that begin again at one",
    swap=OrderNumberBeginsAgain,
    effect=Effect.NEVER,
    law="cut-comes",
    shown=armed(
        "2020-07-03 23:01",
        on="2020-06-29 10:00",
        keys=("age = { order_number = 65535 }",),
        model="electricity-ds3231-utc",
    ),
    blind="meters of fewer than 65,535 orders",
    seen="frame counters of 16 bits that begin again, and a server that drops what is no"
    " larger (gh:helium/router#643, gh:Lora-net/LoRaMac-node#969)",
    avoid="never use a number again; count in the width of the record",
)
