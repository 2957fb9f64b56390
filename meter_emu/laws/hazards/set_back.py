"""A clock that was ahead is set back over a midnight that it has seen, and T lies in between."""

from typing import Final

from meter_emu.laws.judged import promises
from meter_emu.laws.law import Law
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import FAST_D, Among, begin, finish
from meter_emu.stories.times import Timing, rtc_midnight_s
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S, PPB
from meter_emu.world.rehearsal.campaign import Campaign

_SET_S: Final = 4 * MINUTE_S  # ours: a clock that was just set cuts within that after T


def set_back(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home whose clock is set back from after a midnight to before it, then comes T."""
    seed, draft = begin(chooser, among)
    clock = draft.model.clock
    ahead_s = clock.set_error_s - 1 + FAST_D * DAY_S * clock.drift_bound_ppb // PPB
    night_s = rtc_midnight_s(draft.model, draft.timing.end_s)
    room_min = max(1, (ahead_s - _SET_S) // MINUTE_S - 2)
    back_s = night_s - ahead_s + MINUTE_S + chooser.below(room_min) * MINUTE_S
    end_s = back_s + MINUTE_S + chooser.below(max(1, night_s - _SET_S - back_s - MINUTE_S))
    end_s = end_s // MINUTE_S * MINUTE_S
    draft.technician(back_s, chooser.around(clock.set_error_s - 1) // 4)
    armed_s = min(draft.timing.armed_s, back_s - HOUR_S)
    draft.timing = Timing(armed_s, end_s)
    draft.first_s = armed_s - DAY_S
    draft.fast = draft.ample_credit = True
    people.live(draft, people.NEVER)
    return finish(draft, seed)


LAW: Final = Law(
    id="set-back",
    says="a clock that is set back over a midnight it has seen breaks no promise",
    properties=("P6",),
    presumes="a clock within its model's bound, as far ahead as that lets it be",
    draw=set_back,
    check=promises,
    one_in=10,
    hazard=True,
)
