"""The end comes only while the clock shows its very minute."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="equality where at-or-after was meant",
    effect=Effect.NEVER,
    law="cut-comes",
    shown=july(off=("2020-07-03 22:00", 5)),
    blind="meters that are looking in that minute, which is nearly all",
    seen="openshwprojects/OpenBK7231T_App#798: a loop of two seconds misses every second event",
    avoid="ask whether an end has been reached, and remember that it was carried out",
)
class OnlyInItsMinute(EndStore):
    """Compares for equality."""

    def due(self, end: bytes, now: Now) -> bool:
        return self.instant_s(end) // 60 == now.early_s // 60
