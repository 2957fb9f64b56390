"""Bits of used counts stay where they are when the last count grows."""

from card_protocol.tokens.openpaygo.counter import PaygoCounter
from meter_emu.defects import Defect, Effect, keyed_in
from meter_emu.firmware.token.layouts import PaygoState
from meter_emu.firmware.token.paygo import UsedCounts


@Defect(
    mechanism="a field of used counts that is not shifted when the last count grows",
    effect=Effect.CREDITED_TWICE,
    law="credited-once",
    shown=keyed_in(
        "2024-03-09 12:00",
        sold=("2024-03-01 09:00 add 2", "2024-03-01 09:00 add 2"),
        visits=("2024-03-01 10:00 token 1", "2024-03-01 10:05 token 2", "2024-03-01 10:10 token 1"),
    ),
    blind="tokens that are keyed in once, in the order in which they were sold",
    seen="a bitmap of received counts that is shifted by its own width, which leaves it as it was: "
    "what never came is refused as a duplicate (gh:matter-js/matter.js#3846)",
    avoid="write the field anew from the counts that are used, relative to the last one",
)
class UsedBitsNotMoved(UsedCounts):
    def keep(self, counter: PaygoCounter, state: PaygoState) -> None:
        grown, bits = counter.count > state.last_count, state.used
        super().keep(counter, state)
        if grown and counter.count - 1 not in counter.used:
            state.used = bits | 1
