"""The load next to an order that is refused is refused with it."""

from meter_emu.defects import Defect, Effect, Showing
from meter_emu.domain import Contents, Result
from meter_emu.firmware.rules import MeterRules

_WRONG = 'desk = ["cut"], fields = { cut_at = "2002300800" }, load_eur = 20'


@Defect(
    mechanism="one refusal for order and load",
    effect=Effect.EARLY,
    law="wrong-office",
    shown=Showing(
        start="2020-02-03 06:00",
        end="2020-02-05 20:00",
        cut="2020-12-31 12:00",
        load_w=500,
        balance_eur=2,
        visits=(f"2020-02-03 09:00 ={_WRONG}", "2020-02-03 10:00 insert"),
    ),
    blind="offices that are right",
    seen="payments charged and credited apart, two or three times (gh:akash-network/console#3449)",
    avoid="judge money and orders apart",
)
class LoadLostWithItsOrder(MeterRules):
    def _take_wallet(self, contents: Contents) -> Result:
        judge = self.parts.gate.judge
        result = judge(contents.order, contents.tariff, self.state, limited=True, nights=True)
        return result if result.refused else super()._take_wallet(contents)
