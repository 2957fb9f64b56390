"""Dates are read day first where the card has the year first."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.firmware.gate import RecordCodec


@Defect(
    mechanism="the order of day, month and year",
    effect=Effect.EARLY,
    law="never-early",
    blind="days equal to the year",
    seen="arduino-libraries/RTCZero#22",
    avoid="name the fields; try a date that is none in the other order",
)
class DayFirst(RecordCodec):
    """Takes 3 July 2020 for 20 July 2003."""

    def civil(self, raw: bytes) -> Civil | None:
        return super().civil(bytes((raw[2], raw[1], raw[0])) + raw[3:])
