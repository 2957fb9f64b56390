"""Seconds are not read: the clock stands for a minute and jumps."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.rtc.driver import FieldCodec


class SecondsDropped(FieldCodec):
    """Needs minutes only."""

    def second(self, byte: int) -> int | None:
        return None if super().second(byte) is None else 0


DEFECT = Defect(
    mechanism="a reading cut off to the minute",
    swap=SecondsDropped,
    effect=Effect.DOUBTS,
    law="doubts",
    shown=armed("2020-07-03 23:01", on="2020-06-29 10:00"),
    blind="never: clock and ticks do not agree from the first day on",
    seen="cut-off time of the Patriot clock, 25 February 1991 (dillingers.com); inferred for a "
    "meter",
    avoid="keep the resolution of the clock until the last step",
)
