"""What sets time leaves older counts open."""

from card_protocol.tokens.openpaygo.counter import CounterLimits, PaygoCounter
from meter_emu.defects import Defect, Effect, keyed_in
from meter_emu.firmware.token.layouts import PaygoState
from meter_emu.firmware.token.paygo import UsedCounts

_OLDER = CounterLimits().older


@Defect(
    mechanism="a token that sets time, and leaves tokens open that were sold before it",
    effect=Effect.LATE,
    law="ends-then",
    shown=keyed_in(
        "2024-03-08 12:00",
        sold=("2024-03-01 09:00 add 3", "2024-03-01 09:30 set 2"),
        visits=("2024-03-01 10:00 token 2", "2024-03-01 10:05 token 1"),
    ),
    blind="households that key in all that was sold before time is set",
    seen="a rule of the maintainers' programs that their specification does not state: what sets "
    "time marks all older counts as used; that a program lacks it is inferred",
    avoid="close all older counts with the token that sets time, in the same save",
)
class OlderLeftOpen(UsedCounts):
    def keep(self, counter: PaygoCounter, state: PaygoState) -> None:
        before = self.counter(state).used
        super().keep(counter, state)
        if counter.count - 1 in counter.used:
            state.used = sum(1 << counter.count - n for n in before if counter.count - n < _OLDER)
