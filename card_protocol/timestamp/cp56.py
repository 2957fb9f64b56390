"""CP56Time2a of IEC 60870-5-4: milliseconds to years in seven bytes, with a summer-time bit."""

from typing import Final

from card_protocol.timestamp.bits import BitFields, Years, at_bit
from card_protocol.timestamp.encoding import NO_CENTURY, WALL_MARKS, Basis

CP56: Final = BitFields(
    name="cp56time2a",
    title="IEC 60870-5-4 CP56Time2a",
    size_bytes=7,
    basis=Basis.CIVIL,
    step_ms=1,
    source="IEC 60870-5-4, 6.8 as in the public TR-IEC104 (Brno) and lib60870",
    cannot=("the zone", NO_CENTURY),
    carries=WALL_MARKS | {"weekday"},
    fields=(
        ("second_ms", at_bit(0, 16, 59_999)),
        ("minute", at_bit(16, 6)),
        ("hour", at_bit(24, 5)),
        ("day", at_bit(32, 5)),
        ("weekday", at_bit(37, 3, every=0)),
        ("month", at_bit(40, 4)),
        ("year", at_bit(48, 7, 99)),
    ),
    years=Years.BASE,
    year_base=2000,
    summer_bit=31,
    marks=((23, "invalid"), (22, "substituted")),
    spare=(29, 30, 44, 45, 46, 47, 55),
)
