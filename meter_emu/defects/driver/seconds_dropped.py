"""Seconds are not read: the clock stands for a minute and jumps."""

from meter_emu.defects import Defect, Effect
from meter_emu.firmware.rtc.driver import FieldCodec


@Defect(
    mechanism="a reading cut off to the minute",
    effect=Effect.DOUBTS,
    law="doubts",
    blind="never: clock and ticks do not agree from the first day on",
    seen="cut-off time of the Patriot clock, 25 February 1991 (dillingers.com); inferred for a "
    "meter",
    avoid="keep the resolution of the clock until the last step",
)
class SecondsDropped(FieldCodec):
    """Needs minutes only."""

    def second(self, byte: int) -> int | None:
        return None if super().second(byte) is None else 0
