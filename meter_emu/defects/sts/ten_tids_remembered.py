"""Ten TIDs are remembered."""

from meter_emu.defects import Defect, Effect, energy_bought
from meter_emu.firmware.token.sts import StsAnswer, TidMemory


@Defect(
    mechanism="a memory of fewer TIDs than households have tokens in a drawer",
    effect=Effect.NOT_CREDITED,
    law="many-energy-tokens",
    shown=energy_bought(
        "2024-03-01 23:00",
        sold=tuple(f"2024-03-01 08:{n:02} wh 100" for n in range(2, 13)),
        visits=tuple(f"2024-03-01 09:{n:02} token {12 - n}" for n in range(1, 12)),
        credit_wh=1000,
    ),
    blind="households that key tokens in as they buy them",
    seen="a history of messages that is cleared when it is full (gh:Scottcjn/Rustchain#2137)",
    avoid="keep as many as the rule says, and try the last of them",
)
class TenTidsRemembered(TidMemory):
    def judged(self, tids: tuple[int, ...], tid: int) -> StsAnswer:
        return super().judged(tids[-10:], tid)
