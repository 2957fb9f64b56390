"""Dates are read day first where the card has the year first."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.gate import RecordCodec


class DayFirst(RecordCodec):
    """Takes 3 July 2020 for 20 July 2003."""

    def civil(self, raw: bytes) -> Civil | None:
        return super().civil(bytes((raw[2], raw[1], raw[0])) + raw[3:])


DEFECT = Defect(
    mechanism="the order of day, month and year",
    swap=DayFirst,
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-07-03 23:01", on="2020-06-29 10:00"),
    blind="days equal to the year",
    seen="arduino-libraries/RTCZero#22",
    avoid="name the fields; try a date that is none in the other order",
)
