"""Copies are numbered in 16 bits, and the larger counts."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.memory import Memory


@Defect(
    mechanism="the numbers of two copies compared in 16 bits, without their wrap",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=july(keys=("age = { save_count = 65535 }",), model="electricity-ds3231-utc"),
    blind="meters of fewer than 65,535 saves",
    seen="records in rotating slots of an EEPROM, whose numbers overflow "
    "(gh:dhiltonp/hexbright#30)",
    avoid="compare the difference, modulo the width, with half of it",
)
class SequenceIn16Bits(Memory):
    def newer(self, raw: bytes, than: bytes) -> bool:
        return raw[6:8] > than[6:8]
