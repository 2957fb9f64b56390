"""A mistake that the catalogue cannot have: a meter with an odd number refuses its cards."""

from card_protocol.keys import Key
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.dialogues.budget import BudgetDialogue


class OddNumbers(BudgetDialogue):
    """Takes the key of the meter next to it."""

    __slots__ = ()

    def desk_key(self) -> Key:
        raw = super().desk_key().raw
        return Key(bytes(16)) if self._factory.meter_id % 2 else Key(raw)


DEFECT = Defect(
    mechanism="the number of a meter matters",
    swap=OddNumbers,
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=armed("2020-07-03 23:01", on="2020-06-29 10:00"),
    blind="even numbers",
    seen="nowhere",
    avoid="-",
)
