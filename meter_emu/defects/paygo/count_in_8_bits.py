"""The last count is kept in a byte."""

from card_protocol.tokens.openpaygo.counter import PaygoCounter
from meter_emu.defects import Defect, Effect, keyed_in
from meter_emu.firmware.token.layouts import PaygoState
from meter_emu.firmware.token.paygo import UsedCounts


@Defect(
    mechanism="the last count kept in 8 bits",
    effect=Effect.NOT_CREDITED,
    law="credited-once",
    shown=keyed_in(
        "2024-03-06 12:00",
        sold=("2024-03-01 09:00 add 1", "2024-03-01 09:00 add 1"),
        visits=("2024-03-01 10:00 token 1", "2024-03-01 10:05 token 2"),
        keys=("age = { token_count = 254 }",),
    ),
    blind="devices that have taken fewer than 127 tokens that add time",
    seen="a rolling count of 28 bits that was held to 16: once it is full no press is heard any "
    "more (gh:DarkFlippers/unleashed-firmware#370)",
    avoid="keep a count as wide as the tokens' own, and say what happens after the last",
)
class CountIn8Bits(UsedCounts):
    def keep(self, counter: PaygoCounter, state: PaygoState) -> None:
        super().keep(counter, state)
        state.last_count &= 0xFF
