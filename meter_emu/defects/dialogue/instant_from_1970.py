"""Instants on the card count from 2000, and are read as if from 1970."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.gate import RecordCodec


class InstantFrom1970(RecordCodec):
    """Has another epoch than the card."""

    def instant(self, minute: int) -> int | None:
        return None if super().instant(minute) is None else minute


DEFECT = Defect(
    mechanism="an instant with the wrong epoch",
    swap=InstantFrom1970,
    effect=Effect.REFUSES,
    law="generation",
    needs=("secure card of generation 2",),
    shown=armed("2020-07-03 23:01", on="2020-06-29 10:00", keys=("card_generation = 2",)),
    blind="cards of generation 1",
    seen="seven leap days lost between two epochs: rogerclarkmelbourne/Arduino_STM32#150",
    avoid="write the epoch next to the number; check the civil time next to it",
)
