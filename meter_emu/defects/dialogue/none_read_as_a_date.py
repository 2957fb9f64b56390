"""The mark for no date is read as one: 1 January 2000."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, working_week
from meter_emu.domain import Order
from meter_emu.firmware.gate import RecordCodec, StatedEnd


@Defect(
    mechanism="the mark for none taken for a date",
    effect=Effect.CUT_WRONGLY,
    law="no-wrong-cut",
    shown=working_week(
        load_w=50,
        balance_eur=50,
        visits=("2020-01-13 10:00 prepayment-on", "2020-01-13 11:00 insert"),
    ),
    blind="orders with both ends",
    seen="an alarm at 255:255:255: Linux rtc-sh, commit 15d82d22",
    avoid="give none a type of its own; try an order without dates",
)
class NoneReadAsADate(RecordCodec):
    """Has no value for none."""

    def ends(self, order: Order) -> tuple[StatedEnd | None, StatedEnd | None]:
        defer_until, cut_at = super().ends(order)
        none = StatedEnd(Civil(2000, 1, 1, 0, 0))
        return defer_until or none, cut_at or none
