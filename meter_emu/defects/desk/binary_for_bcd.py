"""The office writes plain numbers where the card has BCD."""

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect
from meter_emu.desk.dates import DeskCodec


@Defect(
    mechanism="binary written where BCD is read",
    effect=Effect.EARLY,
    law="never-early",
    blind="dates whose fields are all below ten",
    seen="the other way round in 30 million German bank cards, 1 January 2010 "
    "(lightbluetouchpaper.org)",
    avoid="read back through another decoder; try fields of ten and more",
)
class BinaryForBcd(DeskCodec):
    """Writes 14h for 20."""

    def write_time(self, when: Civil) -> bytes:
        return bytes((when.year % 100, when.month, when.day, when.hour, when.minute))
