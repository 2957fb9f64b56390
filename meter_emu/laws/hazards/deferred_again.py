"""A deferral is over, another is ordered, and credit ends while it holds."""

from typing import Final

from meter_emu.laws.judged import promises
from meter_emu.laws.law import Law
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import USES
from meter_emu.stories.story import Among, begin, finish
from meter_emu.stories.times import FIRST_S, Timing
from meter_emu.units import DAY_S, HOUR_S
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import DeskOrder


def deferred_again(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home that is deferred for a night or so, and some days after for another time."""
    seed, draft = begin(chooser, among)
    draft.kind = "deferred again"
    lead_s = draft.timing.end_s - draft.timing.armed_s
    again_s = max(draft.timing.end_s - min(lead_s, 6 * DAY_S), FIRST_S + 5 * DAY_S)
    over_s = again_s - (1 + chooser.below(30)) * HOUR_S
    first_s = over_s - (2 + chooser.below(30)) * HOUR_S
    draft.timing = Timing(first_s, max(draft.timing.end_s, again_s + HOUR_S))
    draft.first_s = first_s - DAY_S
    for at_s, until_s in ((first_s, over_s), (again_s, draft.timing.end_s)):
        until, until_us = draft.minute(until_s)
        draft.bring(at_s, DeskOrder(defer_until=until, defer_us=until_us))
    left_h = max(1, (draft.timing.end_s - again_s) // HOUR_S)
    draft.credit_ends_s = over_s + chooser.below(left_h) * HOUR_S
    draft.rates = USES[:-1]
    return finish(draft, seed)


LAW: Final = Law(
    id="deferred-again",
    says="a deferral that is over takes nothing from the one that is ordered after it",
    properties=("P9", "P13"),
    presumes="a clock within its model's bound",
    draw=deferred_again,
    check=promises,
    one_in=10,
    hazard=True,
)
