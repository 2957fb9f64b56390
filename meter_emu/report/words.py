"""The words of the report: events for people who never saw the program, dates, spans, amounts.

Language is plain on purpose: a manager decides by this page whether cards are handed out.
"""

from datetime import tzinfo
from types import MappingProxyType
from typing import Final

from meter_emu.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.meter.events import What
from meter_emu.world.meter.times import us_to_legal

_KEEP: Final = "\u00a0"  # a space at which no line breaks


HAPPENED: Final = MappingProxyType({
    What.DESK: "Office wrote on the card",
    What.CARD_SERVED: "Card put in, meter obeyed",
    What.CARD_REFUSED: "Card put in, meter refused it",
    What.CARD_UNSEEN: "Card put in, meter without power",
    What.KEY_PRESSED: "Button pressed",
    What.KEY_HELD: "Button held",
    What.SHUT: "Household shut all gas appliances",
    What.LIT: "Household may light them again",
    What.OPENED: "Supply off",
    What.CLOSED: "Supply on",
    What.LIMITED: "Supply limited",
    What.UNLIMITED: "Limit lifted",
    What.INVITED: "Meter asks for the button",
    What.UNINVITED: "Meter no longer asks for the button",
    What.CLOCK_SET: "Clock set by a technician's card",
    What.CLOCK_DOUBTED: "Meter no longer trusts its clock",
    What.CLOCK_TRUSTED: "Meter trusts its clock again",
    What.POWER_LOST: "Power failed in the street",
    What.POWER_BACK: "Power back in the street",
    What.CRASHED: "The meter's program failed",
    What.HUNG: "The meter's program did not come back",
    What.UNSEEN: "Not seen from here on",
    What.ENDED: "End of the rehearsal",
})  # fmt: skip


def share(count: int, total: int) -> str:
    """Return a share of the whole in percent, never 0 % of some nor 100 % of not all."""
    assert 0 <= count <= total, "a part is no larger than the whole"
    if count in {0, total}:
        return "100 %" if count else "0 %"
    percent = count * 100 // total
    return "under 1 %" if percent == 0 else f"{percent} %"


def full_moment(us: int, zone: tzinfo) -> str:
    """Return an instant in full: `Friday 3 July 2020, 23:01`."""
    legal = us_to_legal(us, zone)
    return f"{legal:%A} {legal.day} {legal:%B %Y, %H:%M}"


def short(us: int, zone: tzinfo) -> str:
    """Return an instant in short: `Fri 3 Jul 23:01`; a line breaks before the hour only."""
    legal = us_to_legal(us, zone)
    return f"{legal:%a}{_KEEP}{legal.day}{_KEEP}{legal:%b %H:%M}"


def stamp(us: int, zone: tzinfo) -> str:
    """Return an instant for a log: `2020-07-03 23:01:00`."""
    return f"{us_to_legal(us, zone):%Y-%m-%d %H:%M:%S}"


def duration(us: int) -> str:
    """Return a length of time in its two largest units, the rest cut off: `23 h 51 min`."""
    left = abs(us)
    parts: list[str] = []
    for unit, size_us in (("d", DAY_US), ("h", HOUR_US), ("min", MINUTE_US), ("s", SECOND_US)):
        count, left = divmod(left, size_us)
        if count or parts:
            parts.append(f"{count} {unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0 ")) or "0 s"


def offset(us: int) -> str:
    """Return how far an instant lies from the announced one, in words."""
    if abs(us) < SECOND_US:
        return "at the announced moment"
    return f"{duration(us)} {'after' if us > 0 else 'before'} the announced moment"
