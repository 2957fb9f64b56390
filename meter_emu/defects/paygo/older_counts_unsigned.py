"""The oldest count in reach is computed in unsigned numbers."""

from card_protocol.tokens.openpaygo.counter import CounterLimits, PaygoCounter
from meter_emu.defects import Defect, Effect, keyed_in
from meter_emu.firmware.token.layouts import PaygoState
from meter_emu.firmware.token.paygo import UsedCounts

_OLDER = CounterLimits().older


@Defect(
    mechanism="the oldest count in reach in 16 bits without a sign: at first it is above the last",
    effect=Effect.NOT_CREDITED,
    law="credited-once",
    shown=keyed_in(
        "2024-03-06 12:00",
        sold=("2024-03-01 09:00 add 1", "2024-03-01 09:00 add 1"),
        visits=("2024-03-01 10:00 token 2", "2024-03-01 10:05 token 1"),
    ),
    blind="devices past their 16th count, and tokens in the order of their sale",
    seen="windows of received counts that refuse at their beginning what has never come "
    "(gh:eriptic/uoscore-uedhoc#14, gh:obgm/libcoap#1939)",
    avoid="compare the difference from the last count, not the bounds of a window",
)
class OlderCountsUnsigned(UsedCounts):
    def counter(self, state: PaygoState) -> PaygoCounter:
        oldest = (state.last_count - _OLDER) & 0xFFFF
        if oldest < state.last_count:
            return super().counter(state)
        return PaygoCounter(state.last_count, frozenset(range(state.last_count + 1)))
