"""Credit ends in the working hours of a holiday: to the rule it is a day like any other."""

from datetime import date
from typing import Final

from meter_emu.laws.judged import promises
from meter_emu.laws.law import Law
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import USES
from meter_emu.stories.story import Among, begin, finish
from meter_emu.stories.times import FIRST_S, Timing, at_minute_s, legal
from meter_emu.units import HOUR_S
from meter_emu.world.rehearsal.campaign import Campaign

# Month and day of those with a date of their own (law of 4 January 1974, and its decree).
_DAYS: Final = ((7, 21), (1, 1), (5, 1), (8, 15), (11, 1), (11, 11), (12, 25))
_YEARS: Final = 7  # within so many each of them is on a working day
_LAST_YEAR: Final = 2092
_FROM_MIN: Final = 8 * 60  # when the working hours begin
_WITHIN_MIN: Final = 6 * 60  # ours: so long before they are over a meter has cut, if it does at all


def holiday(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home with no order, whose credit is used up so; an hour later somebody looks."""
    seed, draft = begin(chooser, among)
    draft.kind = "credit ends on a holiday"
    zone = draft.model.zone
    year = min(legal(draft.timing.end_s, zone).year, _LAST_YEAR)
    month, day = chooser.of(_DAYS)
    on_it = (date(year + later, month, day) for later in range(1, _YEARS + 1))
    working = next(one for one in on_it if one.weekday() < 5)
    ends_s = at_minute_s(working, _FROM_MIN + chooser.below(_WITHIN_MIN), zone)
    draft.credit_ends_s, draft.rates, draft.short = ends_s, USES[:-1], True
    draft.timing = Timing(max(FIRST_S, ends_s - (1 + chooser.below(12)) * HOUR_S), ends_s)
    draft.scroll(ends_s + HOUR_S)
    return finish(draft, seed)


LAW: Final = Law(
    id="holiday",
    says="on a holiday that is a working day, the ordinary hours of the week hold",
    properties=("P9",),
    presumes="a clock within its model's bound",
    draw=holiday,
    check=promises,
    one_in=10,
    hazard=True,
)
