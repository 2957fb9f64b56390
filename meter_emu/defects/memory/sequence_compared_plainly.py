"""Of two copies the one with the larger number counts."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.memory import Memory


@Defect(
    mechanism="the numbers of two copies compared without their wrap",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=july(keys=("age = { save_count = 4294967295 }",)),
    blind="meters of fewer than 2^32 saves",
    seen="a counter of 32 bits that is used only while it grows: at its wrap nothing is "
    "encrypted any more (gh:Lora-net/LoRaMac-node#969)",
    avoid="compare the difference, modulo the width, with half of it",
)
class SequenceComparedPlainly(Memory):
    def newer(self, raw: bytes, than: bytes) -> bool:
        return raw[4:8] > than[4:8]
