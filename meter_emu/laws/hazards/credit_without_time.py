"""Credit ends in the protected hours, and the meter's clock says an hour in which they do not run.

It doubts that clock, or has it from a card of the office that was written some hours before: either
way it does not know that the protected hours are over.
"""

from datetime import datetime, timedelta
from typing import Final

from meter_emu.laws.judged import promises
from meter_emu.laws.law import Law
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import USES
from meter_emu.stories.registers import other_time, upset
from meter_emu.stories.story import Among, begin, finish
from meter_emu.stories.times import Timing, at_minute_s, legal
from meter_emu.units import HOUR_S, MINUTE_S
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import DeskOrder

_WEDNESDAY: Final = 2
_EVENINGS: Final = (0, 1, 2, 3, 4, 5)  # Monday to Saturday; that of Friday is before a weekend
_FROM_MIN: Final = 9 * 60 + 30  # by any time base an unprotected hour, and some more after it


def credit_without_time(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home whose clock is upset in the evening, hours before or after its credit ends."""
    seed, draft = begin(chooser, among)
    zone = draft.model.zone
    day = legal(draft.timing.end_s, zone).date()
    day += timedelta(days=chooser.of(_EVENINGS) - day.weekday())
    back_s = at_minute_s(day, 17 * 60 + chooser.below(120), zone)
    lost_s = back_s - 5 * MINUTE_S - chooser.below(60) * MINUTE_S
    draft.kind = "credit ends at an hour that the clock does not know"
    draft.credit_ends_s = back_s + (5 + chooser.below(90)) * MINUTE_S
    draft.rates = USES[:-1]
    draft.short = True
    wrote_s = at_minute_s(day, _FROM_MIN + chooser.below(120), zone)
    draft.first_s = wrote_s - HOUR_S
    draft.timing = Timing(wrote_s, draft.credit_ends_s)
    if chooser.below(2):
        draft.office(wrote_s, DeskOrder(prepayment=True))
        draft.upset(lost_s, back_s, upset(chooser, draft.model, back_s))
        draft.insert(back_s + MINUTE_S + chooser.below(3) * MINUTE_S)
    else:
        weeks = 1 + chooser.below(10)
        other = day - timedelta(days=day.weekday() - _WEDNESDAY + 7 * weeks)
        when = datetime(other.year, other.month, other.day) + timedelta(  # noqa: DTZ001
            minutes=_FROM_MIN + chooser.below(120)
        )
        doubted = when.year < 2000 or chooser.below(4) > 0
        when = when.replace(year=max(2000, when.year))
        draft.upset(lost_s, back_s, other_time(draft.model, when, doubted=doubted))
    return finish(draft, seed)


LAW: Final = Law(
    id="credit-without-time",
    says="a clock that is not believed, or is a lower bound, ends no protected hours",
    properties=("P8", "P9"),
    presumes="nothing",
    draw=credit_without_time,
    check=promises,
    one_in=10,
    hazard=True,
)
