"""The dates of a card are read as plain binary numbers."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.firmware.gate import RecordCodec


@Defect(
    mechanism="BCD on a card read as binary",
    effect=Effect.REFUSES,
    law="cut-comes",
    blind="dates of 2000 to 2009 whose other fields are below ten",
    seen="30 million German bank cards, 1 January 2010 (lightbluetouchpaper.org)",
    avoid="decode at the edge, and check the result against another decoder",
)
class CardBcdAsBinary(RecordCodec):
    """Takes 20h for thirty-two."""

    def civil(self, raw: bytes) -> Civil | None:
        return super().civil(raw) and Civil(2000 + raw[0], *raw[1:])
