"""M-Bus types F, G and I: dates whose year lies in two pieces, with wildcards.

Type F has hundreds of years, and many meters leave them 0: then 00-80 is read as 2000-2080, as for
types G and I, which have none (EN 13757-3 advises masters so).
"""

from typing import Final

from card_protocol.timestamp.bits import BitFields, Bits, Years, at_bit
from card_protocol.timestamp.encoding import NO_CENTURY, WALL_MARKS, Basis
from card_protocol.timestamp.stamp import DAY_MS, MINUTE_MS, SECOND_MS

_SOURCE: Final = "EN 13757-3 annex A; types F and G: The M-Bus 4.8, appendix (m-bus.com)"

TYPE_F: Final = BitFields(
    name="mbus-f",
    title="M-Bus type F",
    size_bytes=4,
    basis=Basis.CIVIL,
    step_ms=MINUTE_MS,
    source=_SOURCE,
    cannot=("the zone", "seconds"),
    carries=WALL_MARKS,
    fields=(
        ("minute", at_bit(0, 6, every=63)),
        ("hour", at_bit(8, 5, every=31)),
        ("day", at_bit(16, 5, every=0)),
        ("month", at_bit(24, 4, every=15)),
        ("year", Bits(((21, 3), (28, 4)), 99, every=127)),
    ),
    years=Years.HUNDREDS,
    year_base=80,
    hundreds=at_bit(13, 2),
    summer_bit=15,
    marks=((7, "invalid"),),
    spare=(6,),
)

TYPE_G: Final = BitFields(
    name="mbus-g",
    title="M-Bus type G",
    size_bytes=2,
    basis=Basis.CIVIL,
    step_ms=DAY_MS,
    source=_SOURCE,
    cannot=("a time of day", NO_CENTURY),
    specials=((b"\xff\xff", "invalid"),),
    fields=(
        ("day", at_bit(0, 5, every=0)),
        ("month", at_bit(8, 4, every=15)),
        ("year", Bits(((5, 3), (12, 4)), 99, every=127)),
    ),
    years=Years.PIVOT,
    year_base=80,
)

TYPE_I: Final = BitFields(
    name="mbus-i",
    title="M-Bus type I",
    size_bytes=6,
    basis=Basis.CIVIL,
    step_ms=SECOND_MS,
    source="EN 13757-3 annex A, as a public decoder has it (Lexi Robinson's libmbus in Rust)",
    cannot=("the zone", NO_CENTURY),
    carries=WALL_MARKS | {"weekday", "extras"},
    fields=(
        ("second", at_bit(0, 6, every=63)),
        ("minute", at_bit(8, 6, every=63)),
        ("hour", at_bit(16, 5, every=31)),
        ("weekday", at_bit(21, 3, every=0)),
        ("day", at_bit(24, 5, every=0)),
        ("month", at_bit(32, 4, every=15)),
        ("year", Bits(((29, 3), (36, 4)), 99, every=127)),
    ),
    years=Years.PIVOT,
    year_base=80,
    summer_bit=6,
    marks=((15, "invalid"),),
    extra_fields=(
        ("leap year bit", at_bit(7, 1)),
        ("summer time is earlier", at_bit(14, 1)),
        ("week", at_bit(40, 6, 53)),
        ("summer time hours", at_bit(46, 2)),
    ),
)
