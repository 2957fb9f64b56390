"""The power is off while clocks change, and back when the step of the clock has to wait."""

from typing import Final

from meter_emu.laws.judged import promises
from meter_emu.laws.law import Law
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, begin, finish, models
from meter_emu.stories.times import Timing, change_s, legal
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.rehearsal.campaign import Campaign

_BEFORE_S: Final = 6 * HOUR_S  # ours: no clock is near its step by then


def off_over_step(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home whose clock counts legal time, without power from before the change of clocks.

    By the clock, which was not stepped, power is back in the hour before midnight, in the one after
    it, or in the last seconds of any hour. T comes within a day.
    """
    kits = [kit for kit in among or models() if kit.model.rtc_base == "legal"]
    seed, draft = begin(chooser, kits or among)
    zone = draft.model.zone
    changed_s = change_s(draft.timing.end_s, zone)
    lost_s = changed_s - _BEFORE_S - chooser.below(600) * MINUTE_S
    shown = legal(lost_s, zone).utcoffset()
    assert shown is not None, "legal time has an offset"
    midnight_s = (changed_s // DAY_S + 1 + chooser.below(2)) * DAY_S - shown.seconds
    if chooser.below(3) == 2:
        back_s = midnight_s + chooser.around(12) * HOUR_S - 1 - chooser.below(12)
    else:
        back_s = midnight_s + chooser.around(59) * MINUTE_S
    draft.outages.append((lost_s, back_s))
    end_s = back_s + chooser.below(24 * 60) * MINUTE_S
    armed_s = lost_s - (1 + chooser.below(40)) * HOUR_S
    draft.timing = Timing(armed_s, end_s)
    draft.first_s = armed_s - DAY_S
    draft.ample_credit = True
    people.live(draft, people.NEVER)
    return finish(draft, seed)


LAW: Final = Law(
    id="off-over-step",
    says="a clock that was not stepped in time is stepped as soon as it can be, and breaks nothing",
    properties=("P5", "P6"),
    presumes="a clock that counts legal time",
    draw=off_over_step,
    check=promises,
    one_in=10,
    hazard=True,
)
