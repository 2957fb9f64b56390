"""The crystal runs 100 ppm fast, twice what its data sheet allows."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.hardware.oscillator import Oscillator


@Defect(
    mechanism="a drift beyond the bound",
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-07-03 23:01", on="2020-05-15 10:00"),
    blind="the first weeks after a setting, and slow crystals",
    seen="two-rate meters in Britain whose clocks were up to three hours off "
    "(conversation.which.co.uk, 2014)",
    avoid="measure clocks in the field, take the bound from what is found, and set them before a "
    "dated cut",
)
class CrystalOutOfBounds(Oscillator):
    """Gains 8.6 s a day: too little for ticks to show, and too much after weeks."""

    def advance(self, now_us: int) -> int:
        if self.running and not self.held:
            self.phase += (now_us - self.at_us) * 100_000
        return super().advance(now_us)

    def us_until(self, seconds: int) -> int | None:
        left_us = super().us_until(seconds)
        return None if left_us is None else left_us - left_us // 10_000
