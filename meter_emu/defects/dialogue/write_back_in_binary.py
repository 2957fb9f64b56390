"""The meter writes its dates on the card as plain binary numbers."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.firmware.gate import RecordCodec


@Defect(
    mechanism="a write-back in the wrong base",
    effect=Effect.WRONG_DISPLAY,
    law="says-what-it-understood",
    blind="dates whose fields are all below ten",
    seen="feilipu/avrfreertos#10, a driver with two ways to BCD",
    avoid="use one codec for both directions, and check it against another",
)
class WriteBackInBinary(RecordCodec):
    """Reads BCD, and forgets it on the way back."""

    def write(self, civil: Civil | None) -> bytes:
        if civil is None:
            return super().write(civil)
        return bytes((civil.year % 100, civil.month, civil.day, civil.hour, civil.minute))
