"""Dates of KNX: a date of three bytes, and a date with a time of eight."""

from typing import Final

from card_protocol.timestamp.bits import BitFields, Years, at_bit
from card_protocol.timestamp.encoding import NO_CENTURY, WALL_MARKS, Basis
from card_protocol.timestamp.stamp import DAY_MS, SECOND_MS

_SOURCE: Final = "KNX Standard 3.7.2, Datapoint Types"

KNX_DATE: Final = BitFields(
    name="knx-date",
    title="KNX date",
    size_bytes=3,
    basis=Basis.CIVIL,
    step_ms=DAY_MS,
    source=f"{_SOURCE}, DPT 11.001: 90-99 is 19YY",
    cannot=("a time of day", NO_CENTURY),
    carries=frozenset({"flags"}),
    fields=(("day", at_bit(16, 5)), ("month", at_bit(8, 4)), ("year", at_bit(0, 7, 99))),
    years=Years.PIVOT,
    year_base=89,
    order="big",
    spare=(7, 12, 13, 14, 15, 21, 22, 23),
)

KNX_DATE_TIME: Final = BitFields(
    name="knx-date-time",
    title="KNX date and time",
    size_bytes=8,
    basis=Basis.CIVIL,
    step_ms=SECOND_MS,
    source=f"{_SOURCE}, DPT 19.001",
    cannot=("the zone",),
    carries=WALL_MARKS | {"weekday", "extras"},
    fields=(
        ("second", at_bit(16, 6)),
        ("minute", at_bit(24, 6)),
        ("hour", at_bit(32, 5)),
        ("weekday", at_bit(37, 3, every=0)),
        ("day", at_bit(40, 5)),
        ("month", at_bit(48, 4)),
        ("year", at_bit(56, 8)),
    ),
    years=Years.BASE,
    year_base=1900,
    order="big",
    summer_bit=8,
    marks=((15, "fault"), (12, "no year"), (11, "no date"), (9, "no time")),
    spare=(0, 1, 2, 3, 4, 5, 22, 23, 30, 31, 45, 46, 47, 52, 53, 54, 55),
    extra_fields=(
        ("working day", at_bit(14, 1)),
        ("no working day field", at_bit(13, 1)),
        ("no weekday field", at_bit(10, 1)),
        ("external clock", at_bit(7, 1)),
        ("reliable source", at_bit(6, 1)),
    ),
)
