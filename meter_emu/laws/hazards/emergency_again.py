"""Emergency credit is taken, used up, asked for again, repaid by a load, and taken once more."""

from typing import Final

from meter_emu.laws.judged import promises
from meter_emu.laws.law import Law
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, begin, finish
from meter_emu.units import DAY_S, HOUR_S
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import DeskOrder

_RATES: Final = (4_000, 2_000, 8_000)  # ours: emergency credit lasts a day, or half of one
_CENTS: Final = (2_000, 500, 1_200, 1_500, 10_000)  # more than the debt, less, and just it
_LATER_S: Final = (DAY_S, 4 * HOUR_S, 2 * DAY_S)


def emergency_again(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home without credit that asks for supply some times, with a load between."""
    seed, draft = begin(chooser, among)
    draft.kind = "emergency credit, again"
    draft.rates = _RATES
    at_s = draft.credit_ends_s = draft.timing.armed_s
    at_s += (1 + chooser.below(72)) * HOUR_S  # a weekend may come before the cut
    for _ in range(1 + chooser.below(3)):
        draft.ask_supply(at_s)
        at_s += chooser.of(_LATER_S) + chooser.below(12) * HOUR_S
    draft.bring(at_s, DeskOrder(load_cents=chooser.of(_CENTS)))
    for _ in range(chooser.below(3)):
        at_s += chooser.of(_LATER_S) + chooser.below(12) * HOUR_S
        draft.ask_supply(at_s)
    draft.insert(at_s + HOUR_S + chooser.below(DAY_S))
    return finish(draft, seed)


LAW: Final = Law(
    id="emergency-again",
    says="emergency credit is had once, until a load has repaid it",
    properties=("P10",),
    presumes="somebody who asks for supply as this model wants it",
    draw=emergency_again,
    check=promises,
    one_in=10,
    hazard=True,
)
