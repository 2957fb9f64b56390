"""A daily run carries out what would end before the next one."""

from meter_emu.defects import Defect, Effect
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now
from meter_emu.units import DAY_S


@Defect(
    mechanism="a horizon that reaches past the end",
    effect=Effect.EARLY,
    law="never-early",
    blind="never: every end comes with the run before it",
    seen="card terminals of Racal, 28 December 1999, which looked four days ahead and met "
    "2000 (zdnet.de, thisismoney.co.uk)",
    avoid="act at the end, not at the run before it; try that nothing after T changes what "
    "happens before T",
)
class LookAhead(EndStore):
    """Looks a day ahead at midnight of the clock."""

    def tick(self, end: bytes, now: Now) -> bytes:
        if self.instant_s(end) >= now.utc_s + DAY_S:
            return end
        return end[:5] + (now.early_s // 60).to_bytes(4, "big") + end[9:]
