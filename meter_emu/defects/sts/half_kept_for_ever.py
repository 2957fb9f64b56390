"""A half of a key waits for ever."""

from meter_emu.defects import Defect, Effect, energy_bought
from meter_emu.firmware.token.sts import StsEffects


@Defect(
    mechanism="half of a key without an end: it meets the half of another set, days after",
    effect=Effect.NOT_CREDITED,
    law="half-a-set",
    shown=energy_bought(
        "2024-03-01 18:00",
        sold=(
            "2024-03-01 09:00 wh 3000",
            "2024-03-01 09:10 key 2014 3",
        ),
        visits=(
            "2024-03-01 09:20 token 2-1",
            "2024-03-01 09:40 token 2-2",
            "2024-03-01 10:00 token 1",
        ),
        credit_wh=2000,
    ),
    blind="households that key both halves in at once, and meters that lose power between",
    seen="fragments that wait for the rest of their message for ever (gh:seladb/PcapPlusPlus#152)",
    avoid="let what waits end by itself, and try one second on either side",
)
class HalfKeptForEver(StsEffects):
    def too_late(self, waited_ms: int, half_s: int) -> bool:
        return False
