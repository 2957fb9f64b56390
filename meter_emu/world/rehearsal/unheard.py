"""Cards of which nobody can see whether the meter heard them, and what may have become of each.

Power that fails while a card is in leaves no trace on it, and perhaps one in the meter. So the
household is judged once for each possibility, and the one that fits best counts. What the meter
does and states later tells them apart: a reactivation that was not heard explains no supply that
comes back. A write-back is made when all is saved, so a card that holds one was heard, refused or
not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, product
from typing import Final

from meter_emu.units import SECOND_US
from meter_emu.world.meter.events import Event, What

SITTING_US: Final = 60 * SECOND_US  # ours: a card is out of the meter by then
_WAYS_MAX: Final = 64  # ours: six such cards; of more, the last ones were heard


def unheard(events: Sequence[Event]) -> list[int]:
    """Return which events are cards of which nobody can see whether they were heard."""
    found = []
    for index, event in enumerate(events):
        card = event.what is What.CARD_REFUSED and event.visit is not None
        if not card or event.written is not None:
            continue
        lost_us = next((e.at_us for e in events[index:] if e.what is What.POWER_LOST), None)
        if lost_us is not None and lost_us - event.at_us <= SITTING_US:
            found.append(index)
    return found


def ways_of(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """Yield the events once for each possibility: all cards heard first, none last."""
    places = unheard(events)
    if not places:
        yield events
        return
    for heard in islice(product((True, False), repeat=len(places)), _WAYS_MAX):
        way = list(events)
        for index, was_heard in zip(reversed(places), heard, strict=True):
            what = What.CARD_SERVED if was_heard else What.CARD_UNSEEN
            way[index] = replace(events[index], what=what)
        yield way
