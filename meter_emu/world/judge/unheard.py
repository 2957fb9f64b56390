"""Cards of which nobody can see whether the meter heard them, and what may have become of each.

Power that fails while a card is in leaves no trace on it, and perhaps one in the meter. So the
household is judged once for each possibility (heard, not heard, heard at the start if the card was
still in then) and the one that fits best counts. What the meter does and states later tells them
apart: a reactivation that was not heard explains no supply that comes back. A write-back is made
when all is saved, so a card that holds one was heard, refused or not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, product
from typing import Final

from meter_emu.units import SECOND_US
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import MeterModel

# Doubt: whether a card was heard when power failed is a guess from outside: who leaves a card
# in for longer is judged as if it had been.
SITTING_US: Final = 60 * SECOND_US  # ours: a card is out of the meter by then
_WAYS_MAX: Final = 243  # ours: five such cards; of more, the first ones were heard


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


def ways_of(events: Sequence[Event], model: MeterModel) -> Iterator[Sequence[Event]]:
    """Yield the events once for each possibility: all cards heard first, none last."""
    places = unheard(events)
    if not places:
        yield events
        return
    most = max(3, int(_WAYS_MAX ** (1 / len(places))))
    each = [tuple(_ways(events, index, model, most)) for index in reversed(places)]
    for chosen in islice(product(*each), _WAYS_MAX):
        way = list(events)
        for index, event in zip(reversed(places), chosen, strict=True):
            way[index] = event
        yield sorted(way, key=lambda event: event.at_us)


def _ways(events: Sequence[Event], index: int, model: MeterModel, most: int) -> Iterator[Event]:
    """Yield what a card may have been: heard, heard at a start after the failure, or not."""
    card = events[index]
    heard = replace(card, what=What.CARD_SERVED)
    yield heard
    starts = [
        event.at_us + model.boot_ms * 1_000
        for event in events[index:]
        if event.what is What.POWER_BACK and event.at_us - card.at_us <= SITTING_US
    ]
    # Of more starts than can be tried the first ones and the last: seconds of use lie between.
    for at_us in dict.fromkeys((*starts[: max(0, most - 3)], *starts[-1:])):
        yield replace(heard, at_us=at_us, shown="", balance_ueur=None)  # those were of before
    yield replace(card, what=What.CARD_UNSEEN)
