"""The office writes plain numbers where the card has BCD."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, armed
from meter_emu.desk.dates import DeskCodec


class BinaryForBcd(DeskCodec):
    """Writes 14h for 20."""

    def write_time(self, when: Civil) -> bytes:
        return bytes((when.year % 100, when.month, when.day, when.hour, when.minute))


DEFECT = Defect(
    mechanism="binary written where BCD is read",
    swap=BinaryForBcd,
    effect=Effect.EARLY,
    law="never-early",
    shown=armed("2020-07-03 23:01", on="2020-06-29 10:00"),
    blind="dates whose fields are all below ten",
    seen="the other way round in 30 million German bank cards, 1 January 2010 "
    "(lightbluetouchpaper.org)",
    avoid="read back through another decoder; try fields of ten and more",
)
