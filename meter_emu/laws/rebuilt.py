"""Everything a meter knows is in its bytes: a program built anew goes on the same.

Except the display page that a button selects, which starts over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from meter_emu.firmware.screen import SHOWN_S
from meter_emu.laws.compared import first_difference
from meter_emu.laws.law import Aside, Finding, Trial, law
from meter_emu.stories.around_t import around_t
from meter_emu.units import SECOND_US
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.events import Event, What, done_in

_PRESSED: Final = frozenset({What.KEY_PRESSED, What.KEY_HELD})


@law(
    id="rebuilt",
    properties=("P6", "P8"),
    presumes="our own program, with or without defects",
    draw=around_t,
    one_in=40,
)
def rebuilt(trial: Trial) -> Finding:
    """A program made anew from the meter's bytes after each poll goes on the same."""
    if not trial.ours:
        return Aside("another's program is made anew by a power cut only")
    anew = trial.events(trial.household, prepare=_rebuilding)
    shown_us = (SHOWN_S + trial.household.model.poll_s) * SECOND_US
    was, now = (list(_without_pages(events, shown_us)) for events in (trial.run.events, anew))
    return first_difference(was, now, "with the program made anew", trial.campaign.zone)


def _without_pages(events: Sequence[Event], shown_us: int) -> Iterator[Event]:
    """Yield the events without the text of a page, which is there for a while after a button."""
    until_us = -1
    for event in done_in(events):
        if event.what in _PRESSED:
            until_us = event.at_us + shown_us
        yield replace(event, shown="") if event.at_us <= until_us else event


def _rebuilding(bench: Bench) -> None:
    look = bench.on_poll

    def look_and_rebuild() -> None:
        look()
        bench.rebuild()

    bench.on_poll = look_and_rebuild
