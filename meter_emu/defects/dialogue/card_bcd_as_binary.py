"""The dates of a card are read as plain binary numbers."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.gate import RecordCodec


class CardBcdAsBinary(RecordCodec):
    """Takes 20h for thirty-two."""

    def civil(self, raw: bytes) -> Civil | None:
        return super().civil(raw) and Civil(2000 + raw[0], *raw[1:])


DEFECT = Defect(
    mechanism="BCD on a card read as binary",
    swap=CardBcdAsBinary,
    effect=Effect.REFUSES,
    law="cut-comes",
    shown=armed("2020-07-03 23:01", on="2020-06-29 10:00"),
    blind="dates of 2000 to 2009 whose other fields are below ten",
    seen="30 million German bank cards, 1 January 2010 (lightbluetouchpaper.org)",
    avoid="decode at the edge, and check the result against another decoder",
)
