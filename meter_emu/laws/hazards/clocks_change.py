"""T in the hour that October has twice, or at the gap of March, ordered days or a winter before."""

from typing import Final

from meter_emu.laws.judged import promises
from meter_emu.laws.law import Law
from meter_emu.stories import people
from meter_emu.stories.boundaries import changes
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, begin, finish
from meter_emu.stories.times import FIRST_S, Timing, legal
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.rehearsal.campaign import Campaign

_WHEN: Final = ("twice", "twice", "twice", "gap", "winter before")
_MINUTES: Final = (30, 0, 59, 1, 15, 45)
_WINTER_D: Final = 92  # from before New Year to the change of March, at least
_LAST_YEAR: Final = 2098  # ours: what comes after T lies in what clocks reach as well


def clocks_change(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home that is cut at a change of clocks.

    A card of generation 2 may mean the first of two equal times, one of generation 1 cannot.
    """
    seed, draft = begin(chooser, among)
    name, minutes = chooser.of(_WHEN), chooser.of(_MINUTES)
    zone = draft.model.zone
    year = min(legal(draft.timing.end_s, zone).year, _LAST_YEAR)
    spring, autumn = changes(zone.info, year, year)
    lead_s = draft.timing.end_s - draft.timing.armed_s
    if name == "twice":
        draft.earlier = draft.generation == 2 and chooser.below(2) == 1
        end_s = autumn.at_s - HOUR_S * draft.earlier + minutes * MINUTE_S
    else:
        end_s = spring.at_s + (minutes - 30) * MINUTE_S
    if name == "winter before":
        lead_s = (_WINTER_D + chooser.below(20)) * DAY_S
    draft.timing = Timing(max(FIRST_S, end_s - lead_s), end_s)
    draft.first_s = draft.timing.armed_s - DAY_S
    draft.ample_credit = True
    people.live(draft, people.NEVER)
    return finish(draft, seed)


LAW: Final = Law(
    id="clocks-change",
    says="a time that comes twice is the one that was meant, and no change of clocks moves a cut",
    properties=("P1", "P2", "P5"),
    presumes="of a time that comes twice, the later, where the card cannot say which",
    draw=clocks_change,
    check=promises,
    one_in=10,
    hazard=True,
)
