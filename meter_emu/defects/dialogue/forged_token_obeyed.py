"""A reactivation counts whatever its token is."""

from card_protocol.formats.budget.generations import CardRecords
from card_protocol.keys import Key
from meter_emu.defects import Defect, Effect, july
from meter_emu.domain import Contents, Reactivation
from meter_emu.firmware.dialogues.budget import BudgetDialogue


@Defect(
    mechanism="a token whose check is not asked for its result",
    effect=Effect.ACCEPTS,
    law="wrong-office",
    shown=july(
        then=(
            '2020-06-30 10:00 =desk = ["reactivate"], fields = { token = "0123456789ABCDEF" }',
            "2020-06-30 11:00 insert",
        ),
        end="2020-06-30 11:01",
    ),
    blind="offices that hold the key of reactivations",
    seen="a check that failed silently (gh:aleph-im/pyaleph#163)",
    avoid="let a check raise, or make its result the only way to go on",
)
class ForgedTokenObeyed(BudgetDialogue):
    """Looks whether there is a token."""

    def said(self, records: CardRecords, key: Key, token_key: Key, meter_id: int) -> Contents:
        said = super().said(records, key, token_key, meter_id)
        if said.order.reactivation is Reactivation.NONE:
            return said
        return said._replace(order=said.order._replace(reactivation=Reactivation.PROVED))
