"""The end comes only while the clock shows its very minute."""

from typing import Final

from typing_extensions import override

from meter_emu.defects import Defect, Effect
from meter_emu.defects.showing import armed
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


class OnlyInItsMinute(EndStore):
    """Compares for equality."""

    __slots__ = ()

    @override
    def due(self, end: bytes, now: Now) -> bool:
        return self.instant_s(end) // 60 == now.early_s // 60


DEFECT: Final = Defect(
    id="only-in-its-minute",
    mechanism="equality where at-or-after was meant",
    part=EndStore,
    swap=OnlyInItsMinute,
    effect=Effect.NEVER,
    shown=armed(
        "2020-07-03 23:01",
        on="2020-06-29 10:00",
        keys=("outages = [{ from = 2020-07-03T22:00:00, to = 2020-07-04T03:00:00 }]",),
    ),
    blind="meters that are looking in that minute, which is nearly all",
    seen="openshwprojects/OpenBK7231T_App#798: a loop of two seconds misses every second event",
    avoid="ask whether an end has been reached, and remember that it was carried out",
)
