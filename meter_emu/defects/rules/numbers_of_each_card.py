"""Orders are numbered anew on each card that comes."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.domain import Identity, Result
from meter_emu.firmware.rules import MeterRules


@Defect(
    mechanism="numbers of orders forgotten with the card that is replaced",
    effect=Effect.CUT_WRONGLY,
    law="replaced-card",
    shown=july(
        then=(
            '2020-06-30 10:00 =desk = ["reactivate"], replace_card = true',
            "2020-06-30 11:00 insert",
            "2020-07-01 11:00 old 1",
        )
    ),
    blind="households that destroy the card which they had",
    seen="a server that takes a counter that began again for a new device, in a mode for"
    " developers (gh:TheThingsArchive/ttn#153); replay of stored tokens in STS "
    "meters (proteametering.co.za/tid)",
    avoid="keep the highest number of all cards, and refuse a card that was replaced",
)
class NumbersOfEachCard(MeterRules):
    def _admit(self, identity: Identity) -> Result:
        if identity.card_number not in {0, self.state.card_number}:
            self.state.card_number = identity.card_number
            self.state.order_number = 0
        return super()._admit(identity)
