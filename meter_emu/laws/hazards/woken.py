"""Somebody wakes the program just before, at and after what is due, and in the seconds between."""

from typing import Final

from meter_emu.laws.judged import promises
from meter_emu.laws.law import Law
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.story import Among, begin, finish
from meter_emu.stories.times import midnight_s, rtc_midnight_s
from meter_emu.units import DAY_S
from meter_emu.world.rehearsal.campaign import Campaign

_NEAR_S: Final = (0, -1, 1, -2, 2, -59, 59, -60, 60, -3_600, 3_600)


def woken(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home that is armed, and a button pressed at T and at its clock's last midnights."""
    seed, draft = begin(chooser, among)
    draft.ample_credit = True
    people.live(draft, people.ARMED)
    for boundary_s in _boundaries_s(draft):
        for _ in range(1 + chooser.below(2)):
            at_s = boundary_s + chooser.of(_NEAR_S)
            if at_s > draft.timing.armed_s:
                draft.scroll(at_s)
    return finish(draft, seed)


def _boundaries_s(draft: Draft) -> tuple[int, ...]:
    """Return T, and midnights of a right clock and of legal time before it."""
    end_s = draft.timing.end_s
    night_s = rtc_midnight_s(draft.model, end_s)
    return end_s, night_s, midnight_s(end_s, draft.model.zone), night_s - DAY_S


LAW: Final = Law(
    id="woken",
    says="whenever the program is woken, nothing is early, and nothing is missed",
    properties=("P1", "P2"),
    presumes="a clock within its model's bound",
    draw=woken,
    check=promises,
    one_in=10,
    hazard=True,
)
