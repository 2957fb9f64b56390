"""The power is off for longer than the clock's reserve, and T is before it is back, or after."""

from typing import Final

from meter_emu.laws.judged import promises
from meter_emu.laws.law import Law
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, begin, finish
from meter_emu.stories.times import FIRST_S, Timing
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.rehearsal.campaign import Campaign

_YEAR_S: Final = 365 * DAY_S


def reserve_lost(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home whose clock stops for want of power, with T in the dark or some hours after it.

    Half of them are in 2000, in which such a clock begins again: T is before and after what it
    shows then. Now and then a technician sets it.
    """
    seed, draft = begin(chooser, among)
    end_s = max(draft.timing.end_s, FIRST_S + 60 * DAY_S)
    if chooser.below(2) == 0:
        end_s = FIRST_S + 60 * DAY_S + end_s % _YEAR_S
    long_s = (draft.model.clock.backup_days + 1 + chooser.below(15)) * DAY_S
    if chooser.below(2) == 0:
        back_s = end_s - chooser.below(8 * 60) * MINUTE_S
    else:
        back_s = end_s + chooser.below(long_s // DAY_S) * DAY_S + chooser.below(24) * HOUR_S
    lost_s = back_s - long_s
    draft.outages.append((lost_s, back_s))
    draft.timing = Timing(lost_s - HOUR_S - chooser.below(48) * HOUR_S, end_s)
    draft.first_s = draft.timing.armed_s - DAY_S
    draft.ample_credit = True
    people.live(draft, people.NEVER)
    if chooser.below(3) == 0:
        at_s = max(back_s, end_s) + chooser.below(120) * MINUTE_S
        draft.technician(at_s, chooser.around(draft.model.clock.set_error_s - 1))
    return finish(draft, seed)


LAW: Final = Law(
    id="reserve-lost",
    says="a clock that has lost its time cuts nobody by it",
    properties=("P8",),
    presumes="nothing",
    draw=reserve_lost,
    check=promises,
    one_in=10,
    hazard=True,
)
