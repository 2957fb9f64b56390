"""Everything a meter knows is in its bytes: a program built anew goes on the same.

Except the display page that a button selects, which starts over.
"""

from typing import Final

from meter_emu.laws.compared import first_difference, without_screen
from meter_emu.laws.law import Aside, Finding, Law, Trial
from meter_emu.stories.around_t import around_t
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.events import What

# What somebody does while such a page is shown.
_AT_A_PAGE: Final = frozenset({What.KEY_PRESSED, What.KEY_HELD, What.SHUT, What.LIT})


def _check(trial: Trial) -> Finding:
    if not trial.ours:
        return Aside("another's program is made anew by a power cut only")
    anew = trial.events(trial.household, prepare=_rebuilding)
    was, now = (without_screen(events, _AT_A_PAGE) for events in (trial.run.events, anew))
    return first_difference(was, now, "with the program made anew", trial.campaign.zone)


def _rebuilding(bench: Bench) -> None:
    look = bench.on_poll

    def look_and_rebuild() -> None:
        look()
        bench.rebuild()

    bench.on_poll = look_and_rebuild


LAW: Final = Law(
    id="rebuilt",
    says="a program made anew from the meter's bytes after each poll goes on the same",
    properties=("P6", "P8"),
    presumes="our own program, with or without defects",
    draw=around_t,
    check=_check,
    one_in=40,
)
