"""The card that comes back states the loads in a byte."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.domain import WriteBack
from meter_emu.firmware.dialogues.budget import BudgetDialogue


@Defect(
    mechanism="a count written in eight bits",
    effect=Effect.WRONG_MONEY,
    law="account",
    shown=july(
        then=("2020-06-30 10:00 load 20", "2020-06-30 11:00 insert"),
        keys=("age = { load_count = 255, loaded_cents = 500000 }",),
    ),
    blind="meters of fewer than 256 loads",
    seen="only two bytes of a counter of four go out, and the other side does not count "
    "on (gh:Lora-net/LoRaMac-node#566)",
    avoid="write a count in the width that it is kept in",
)
class AcceptedCountIn8Bits(BudgetDialogue):
    def _written(self, said: WriteBack) -> None:
        super()._written(said._replace(accepted_count=said.accepted_count & 0xFF))
