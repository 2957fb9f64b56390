"""The credit of a token is saved, and then its TID."""

from meter_emu.defects import Defect, Effect, energy_bought
from meter_emu.defects.in_turn import saved_in_turn
from meter_emu.firmware.token.sts import StsProgram
from meter_emu.firmware.token.sts_layouts import StsState


@Defect(
    mechanism="credit that is saved before its TID: power that fails between, and the token is new",
    effect=Effect.CREDITED_TWICE,
    law="cut-in-entry",
    shown=energy_bought(
        "2024-03-02 09:00",
        sold=("2024-03-01 09:00 wh 3000",),
        visits=("2024-03-01 10:00 token 1", "2024-03-01 11:00 token 1"),
        credit_wh=2000,
        lost="2024-03-01 10:00:00.048898",
    ),
    blind="power that holds while an entry is served",
    seen="a number that is used once, kept in memory first and on disk later: after a failure "
    "the same is obeyed again (gh:Willow7737/omnia-protocol#346)",
    avoid="save both in one record, of which the old copy stays until the new one is whole",
)
class CreditBeforeTid(StsProgram):
    def keep(self, state: StsState) -> None:
        saved_in_turn(self._journal, state, "limit_units")
