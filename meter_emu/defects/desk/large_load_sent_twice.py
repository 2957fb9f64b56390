"""A load that takes long is sent to the card again."""

from dataclasses import replace

from meter_emu.defects import Defect, Effect, july
from meter_emu.desk.desk import Account, Desk, Exchange, Work


@Defect(
    mechanism="a payment that is tried again though it was made",
    effect=Effect.WRONG_MONEY,
    law="account",
    shown=july(then=("2020-06-30 10:00 load 150", "2020-06-30 11:00 insert")),
    blind="loads of less than 100 euro",
    seen="customers who were charged two or three times for one purchase that was slow "
    "to confirm (gh:akash-network/console#3449)",
    avoid="give each payment a number, and take it once",
)
class LargeLoadSentTwice(Desk):
    def serve(self, exchange: Exchange, work: Work, *, issued_at_min: int) -> Account:
        account = super().serve(exchange, work, issued_at_min=issued_at_min)
        if work.load_cents < 10_000:
            return account
        again = replace(Work(), load_cents=work.load_cents)
        return super().serve(exchange, again, issued_at_min=issued_at_min)
