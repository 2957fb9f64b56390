"""The words of the report: events for people who never saw the program, dates, spans, amounts.

Language is plain on purpose: a manager decides by this page whether cards are handed out.
"""

import re
from collections.abc import Sequence
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Final

from meter_emu.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.meter.events import What
from meter_emu.world.meter.times import us_to_legal

_KEEP: Final = "\u00a0"  # a space at which no line breaks
_WRITTEN: Final = re.compile(r"\b(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?)\b")


HAPPENED: Final = MappingProxyType({
    What.DESK: "Office wrote on the card",
    What.DESK_FAILED: "Office could not write the card",
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


def shares(counts: Sequence[int]) -> list[str]:
    """Return each part of the whole in percent: they add up to 100, by largest remainders.

    None is 0 % of some nor 100 % of not all.
    """
    total = sum(counts)
    assert total > 0, "there is a whole"
    whole = [count * 100 // total for count in counts]
    by_rest = sorted(range(len(counts)), key=lambda place: -(counts[place] * 100 % total))
    for place in by_rest[: 100 - sum(whole)]:
        whole[place] += 1
    return [
        "under 1 %" if count and not percent
        else "over 99 %" if percent == 100 and count < total
        else f"{percent} %"
        for count, percent in zip(counts, whole, strict=True)
    ]  # fmt: skip


def full_moment(us: int, zone: tzinfo) -> str:
    """Return an instant with its year: `Fri 3 Jul 2020 23:01`."""
    legal = us_to_legal(us, zone)
    return f"{legal:%a}{_KEEP}{legal.day}{_KEEP}{legal:%b}{_KEEP}{legal:%Y %H:%M}"


def short(us: int, zone: tzinfo) -> str:
    """Return an instant in short: `Fri 3 Jul 23:01`; a line breaks before the hour only."""
    legal = us_to_legal(us, zone)
    return f"{legal:%a}{_KEEP}{legal.day}{_KEEP}{legal:%b %H:%M}"


def stamp(us: int, zone: tzinfo) -> str:
    """Return an instant for a log: `Fri 3 Jul 23:01:00`; a line may break in it."""
    return f"{short(us, zone).replace(_KEEP, ' ')}{us_to_legal(us, zone)::%S}"


def one_style(text: str) -> str:
    """Return a text with its dates and times as they are written everywhere on the page.

    A day that no calendar has stays as it stands: that it is none is what there is to see.
    """
    return _WRITTEN.sub(_restyled, text)


def _restyled(found: re.Match[str]) -> str:
    try:
        day = datetime.strptime(found[1], "%Y-%m-%d")  # noqa: DTZ007  a day on a wall has no zone
    except ValueError:
        return found[0]
    return f"{day:%a}{_KEEP}{day.day}{_KEEP}{day:%b}{_KEEP}{day:%Y} {found[2]}"


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
