"""FAT's time and date, its date alone, and the packed minute of our memory cards."""

from typing import Final

from card_protocol.timestamp.bits import BitFields, Years, at_bit
from card_protocol.timestamp.encoding import NO_ZONE, Basis
from card_protocol.timestamp.stamp import DAY_MS, MINUTE_MS, SECOND_MS

PACKED_MINUTE: Final = BitFields(
    name="packed-minute",
    title="packed minute, 27 bits",
    size_bytes=4,
    basis=Basis.CIVIL,
    step_ms=MINUTE_MS,
    source="memory cards of meter-emu, ours",
    cannot=(NO_ZONE,),
    specials=((b"\xff" * 4, "no date (cards of meter-emu)"),),
    carries=frozenset({"flags"}),
    fields=(
        ("minute", at_bit(0, 6)),
        ("hour", at_bit(6, 5)),
        ("day", at_bit(11, 5)),
        ("month", at_bit(16, 4)),
        ("year", at_bit(20, 7, 99)),
    ),
    years=Years.BASE,
    year_base=2000,
    order="big",
    spare=(27, 28, 29, 30, 31),
)

FAT: Final = BitFields(
    name="fat-datetime",
    title="FAT time and date",
    size_bytes=4,
    basis=Basis.CIVIL,
    step_ms=2 * SECOND_MS,
    source="Microsoft FAT specification (fatgen103), DIR_WrtTime and DIR_WrtDate",
    cannot=(NO_ZONE, "odd seconds"),
    fields=(
        ("second", at_bit(0, 5, 29, scale=2)),
        ("minute", at_bit(5, 6)),
        ("hour", at_bit(11, 5)),
        ("day", at_bit(16, 5)),
        ("month", at_bit(21, 4)),
        ("year", at_bit(25, 7)),
    ),
    years=Years.BASE,
    year_base=1980,
)

FAT_DATE: Final = BitFields(
    name="fat-date",
    title="FAT date",
    size_bytes=2,
    basis=Basis.CIVIL,
    step_ms=DAY_MS,
    source="Microsoft FAT specification (fatgen103), DIR_WrtDate",
    cannot=("a time of day",),
    fields=(("day", at_bit(0, 5)), ("month", at_bit(5, 4)), ("year", at_bit(9, 7))),
    years=Years.BASE,
    year_base=1980,
)
