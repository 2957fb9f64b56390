"""The last count alone is kept: of older ones none is known to be used."""

from card_protocol.tokens.openpaygo.counter import PaygoCounter
from meter_emu.defects import Defect, Effect, keyed_in
from meter_emu.firmware.token.layouts import PaygoState
from meter_emu.firmware.token.paygo import UsedCounts


@Defect(
    mechanism="used counts of which the last alone is kept, where older ones are taken too",
    effect=Effect.CREDITED_TWICE,
    law="credited-once",
    shown=keyed_in(
        "2024-03-09 12:00",
        sold=("2024-03-01 09:00 add 2", "2024-03-01 09:00 add 2"),
        visits=("2024-03-01 10:00 token 2", "2024-03-01 10:05 token 1", "2024-03-01 10:10 token 1"),
    ),
    blind="tokens that are keyed in once, in the order in which they were sold",
    seen="an update with tokens in any order that took the same token again and again "
    "(gh:EnAccess/OpenPAYGO-HW#3)",
    avoid="keep a bit for each older count that may still come",
)
class UsedCountsForgotten(UsedCounts):
    def counter(self, state: PaygoState) -> PaygoCounter:
        return PaygoCounter(state.last_count, frozenset({state.last_count}))
