"""The count of a token is saved, and then what it gives."""

from card_protocol.tokens.openpaygo.decode import PaygoAnswer
from meter_emu.defects import Defect, Effect, keyed_in
from meter_emu.firmware.token.layouts import PaygoFlags, PaygoState
from meter_emu.firmware.token.paygo import PaygoProgram


@Defect(
    mechanism="a count that is saved before what it gives: power that fails between loses it",
    effect=Effect.NOT_CREDITED,
    law="cut-in-entry",
    shown=keyed_in(
        "2024-03-05 12:00",
        sold=("2024-03-01 09:00 add 1",),
        visits=("2024-03-01 10:00 token 1", "2024-03-01 16:00 token 1"),
        keys=("outages = [{ from = 2024-03-01T10:00:00.018000, to = 2024-03-01T10:00:10 }]",),
    ),
    blind="power that holds while an entry is served",
    seen="a block of an EEPROM that is marked as the valid one before its data are written "
    "(gh:fabriziop/EEWL#2)",
    avoid="save both in one record, of which the old copy stays until the new one is whole",
)
class CountBeforeCredit(PaygoProgram):
    def keep(self, state: PaygoState, answer: PaygoAnswer) -> None:
        until_s, flags = state.paid_until_s, state.flags
        state.paid_until_s, state.flags = 0, PaygoFlags.OVER
        super().keep(state, answer)
        state.paid_until_s, state.flags = until_s, flags
        self._journal.save(state)
