"""A token that is older than the newest is old."""

from meter_emu.defects import Defect, Effect, energy_bought
from meter_emu.firmware.token.sts import StsAnswer, TidMemory


@Defect(
    mechanism="the newest TID alone as the bound: what is keyed in out of order is lost",
    effect=Effect.NOT_CREDITED,
    law="many-energy-tokens",
    shown=energy_bought(
        "2024-03-01 18:00",
        sold=("2024-03-01 09:00 wh 2000", "2024-03-01 09:10 wh 2000"),
        visits=("2024-03-01 09:20 token 2", "2024-03-01 09:30 token 1"),
        credit_wh=1000,
    ),
    blind="households that key tokens in as they buy them",
    seen="a gate that drops whatever is below the highest number so far, a few milliseconds late "
    "(gh:rolker/udp_bridge#35)",
    avoid="compare with the oldest of all that are kept",
)
class OlderThanTheNewest(TidMemory):
    def judged(self, tids: tuple[int, ...], tid: int) -> StsAnswer:
        return StsAnswer.OLD if tid < tids[-1] else super().judged(tids, tid)
