"""T1 and T2 are read into each other's place."""

from meter_emu.defects import Defect, Effect, Showing
from meter_emu.domain import Order
from meter_emu.firmware.gate import RecordCodec, StatedEnd


@Defect(
    mechanism="two dates in the wrong order",
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=Showing(
        start="2020-06-29 09:00",
        end="2020-07-05 12:00",
        defer="2020-07-03 12:00",
        cut="2020-07-03 23:01",
        visits=("2020-06-29 10:00 defer cut", "2020-06-29 10:10 insert"),
    ),
    blind="orders whose ends are the same moment",
    seen="registers of a clock chip in each other's place: tuupola/pcf8563#5, NeiroNx/RTCLib#3",
    avoid="hand over dates as one value with named fields; try two that differ",
)
class EndsExchanged(RecordCodec):
    """Hands over two dates in the wrong order."""

    def ends(self, order: Order) -> tuple[StatedEnd | None, StatedEnd | None]:
        defer_until, cut_at = super().ends(order)
        return cut_at, defer_until
