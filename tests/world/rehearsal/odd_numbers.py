"""A mistake that the catalogue cannot have: a meter with an odd number refuses its cards."""

from card_protocol.keys import Key
from meter_emu.defects import Defect, Effect
from meter_emu.firmware.dialogues.budget import BudgetDialogue


@Defect(
    mechanism="the number of a meter matters",
    effect=Effect.REFUSES,
    law="cut-comes",
    blind="even numbers",
    seen="nowhere",
    avoid="-",
)
class OddNumbers(BudgetDialogue):
    """Takes the key of the meter next to it."""

    __slots__ = ()

    def desk_key(self) -> Key:
        raw = super().desk_key().raw
        return Key(bytes(16)) if self._factory.meter_id % 2 else Key(raw)
