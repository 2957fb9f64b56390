"""The records of a card are obeyed whatever their MAC is."""

from card_protocol.keys import Key
from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.dialogues.budget import BudgetDialogue


class _Trusting(Key):  # type: ignore[misc]
    def verify(self, data: bytes, mac: bytes) -> bool:
        return True


@Defect(
    mechanism="the MAC of records not checked",
    effect=Effect.CUT_WRONGLY,
    law="record-put-back",
    shown=july(
        then=(
            '2020-07-01 10:00 =insert = true, copy_of = 1, records = ["order"], flipped = 122',
            "2020-07-02 10:00 reactivate",
            "2020-07-02 11:00 insert",
        )
    ),
    blind="cards that the office alone writes on",
    seen="signatures whose check failed silently (gh:aleph-im/pyaleph#163)",
    avoid="refuse a record before a field of it is read",
)
class MacNotChecked(BudgetDialogue):
    """See above."""

    def desk_key(self) -> Key:
        return _Trusting(super().desk_key().raw)
