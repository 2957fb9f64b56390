"""What a token gives is saved, and then its count."""

from card_protocol.tokens.openpaygo.decode import PaygoAnswer
from meter_emu.defects import Defect, Effect, keyed_in
from meter_emu.firmware.token.layouts import PaygoState
from meter_emu.firmware.token.paygo import PaygoProgram


@Defect(
    mechanism="time that is saved before the count it came with: power that fails between gives it "
    "twice",
    effect=Effect.CREDITED_TWICE,
    law="cut-in-entry",
    shown=keyed_in(
        "2024-03-05 12:00",
        sold=("2024-03-01 09:00 add 1",),
        visits=("2024-03-01 10:00 token 1", "2024-03-01 16:00 token 1"),
        keys=("outages = [{ from = 2024-03-01T10:00:00.018000, to = 2024-03-01T10:00:10 }]",),
    ),
    blind="power that holds while an entry is served",
    seen="a number that is used once, kept in memory first and on disk later: after a failure the "
    "same is obeyed again (gh:Willow7737/omnia-protocol#346)",
    avoid="save both in one record, of which the old copy stays until the new one is whole",
)
class CreditBeforeCount(PaygoProgram):
    def keep(self, state: PaygoState, answer: PaygoAnswer) -> None:
        self._journal.save(state)
        super().keep(state, answer)
