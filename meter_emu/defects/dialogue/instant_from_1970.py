"""Instants on the card count from 2000, and are read as if from 1970."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.gate import RecordCodec


@Defect(
    mechanism="an instant with the wrong epoch",
    effect=Effect.REFUSES,
    law="generation",
    needs=("secure card of generation 2",),
    shown=july(keys=("card_generation = 2",)),
    blind="cards of generation 1",
    seen="seven leap days lost between two epochs: rogerclarkmelbourne/Arduino_STM32#150",
    avoid="write the epoch next to the number; check the civil time next to it",
)
class InstantFrom1970(RecordCodec):
    """Has another epoch than the card."""

    def instant(self, minute: int) -> int | None:
        return None if super().instant(minute) is None else minute
