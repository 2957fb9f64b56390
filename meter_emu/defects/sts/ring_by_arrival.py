"""The last fifty TIDs in the order in which they came."""

from meter_emu.defects import Defect, Effect, energy_bought
from meter_emu.firmware.token.sts import StsAnswer, TidMemory


@Defect(
    mechanism="a ring of the last TIDs, and no bound below: what was pushed out of it is new again",
    effect=Effect.CREDITED_TWICE,
    law="many-energy-tokens",
    shown=energy_bought(
        "2015-03-01 18:00",
        start="2015-03-01 09:00",
        sold=("2015-03-01 09:00 wh 3000",),  # a week before the smallest that it remembers
        visits=("2015-03-01 10:00 token 1", "2015-03-01 10:10 token 1"),
        credit_wh=2000,
    ),
    blind="meters that have taken fewer than fifty tokens; tokens that nobody keys in again",
    seen="a cache of what was used, flooded until the first is out of it and good again "
    "(gh:alphaonedev/ai-memory-mcp#1061)",
    avoid="refuse what is older than all that is kept, and drop the smallest, not the first",
)
class RingByArrival(TidMemory):
    def judged(self, tids: tuple[int, ...], tid: int) -> StsAnswer:
        return StsAnswer.USED if tid in tids else StsAnswer.TAKEN

    def keeping(self, tids: tuple[int, ...], tid: int) -> tuple[int, ...]:
        return (*tids[1:], tid)
