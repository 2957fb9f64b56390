"""Days are counted down when the meter is armed, and again at midnight."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.trust import Now


@Defect(
    mechanism="the first day counted twice",
    effect=Effect.EARLY,
    law="never-early",
    blind="never: every end is a day early, and the display does not say so",
    seen="a rain delay of five days that took three: altmenorg/HAsmartirrigation#802",
    avoid="count by one event only; better, store the instant",
)
class CountedWhenArmed(EndStore):
    """Is a day ahead from the beginning."""

    def convert(self, civil: Civil, now: Now, utc_min: int | None) -> int:
        return super().convert(civil, now, utc_min) - 1440
