"""Midnight comes inside any access to the clock chip, or between two: at boots, and at polls."""

from dataclasses import replace
from typing import Final

from meter_emu.laws.hazards.placing import Call, calls, early_s, tick_us, with_placed
from meter_emu.laws.law import Finding, Law, Trial
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, begin, finish
from meter_emu.stories.times import Timing, rtc_midnight_s
from meter_emu.units import DAY_S, DAY_US, HOUR_S, MINUTE_S, SECOND_US
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.outcome import WORK_US

# How long the power was off; the longer ones may have a change of clocks in them.
_OUTAGES_S: Final = (30 * MINUTE_S, 5 * MINUTE_S, 4 * HOUR_S, DAY_S, 3 * DAY_S)
_NIGHT: Final = "no night of its clock before T"


def tick_inside(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home that is cut within a day after a midnight of its clock, mostly after a boot.

    Power is back before that midnight: the law moves it there.
    """
    seed, draft = begin(chooser, among)
    night_s = _night_s(draft.model, draft.timing.end_s)
    lost_s = night_s
    if chooser.below(4) != 3:
        back_s = night_s - early_s(draft.model, night_s)
        lost_s = back_s - chooser.of(_OUTAGES_S)
        draft.outages.append((lost_s, back_s))
    armed_s = min(draft.timing.armed_s, lost_s - HOUR_S)
    draft.timing = Timing(armed_s, draft.timing.end_s)
    draft.first_s = armed_s - DAY_S
    draft.ample_credit = True
    people.live(draft, people.NEVER)
    return finish(draft, seed)


def ticking_inside(trial: Trial) -> Household | None:
    """Return the home with a midnight of its clock at one of its accesses, where there is one."""
    home, model = trial.home, trial.home.model
    if home.outages:
        lost_us, back_us = home.outages[-1]
        call = _one_of(trial, back_us, back_us + model.boot_ms * 1_000 + WORK_US)
        if call is None or call.midnight_us is None:
            return None
        by_us = call.midnight_us - tick_us(trial, call)
        return replace(home, outages=((lost_us, back_us + by_us),))
    end_s = max(visit.desk.cut_us or 0 for visit in home.visits if visit.desk) // SECOND_US
    night_s = _night_s(model, end_s)
    until_us = (night_s - early_s(model, night_s)) * SECOND_US
    call = _one_of(trial, until_us - DAY_US, until_us)
    if call is None or call.midnight_us is None:
        return None
    poll_us = call.midnight_us - (tick_us(trial, call) - call.poll_us)
    phase_us = (poll_us - trial.campaign.start_us) % (model.poll_s * SECOND_US)
    return replace(home, poll_phase_us=phase_us)


def _night_s(model: MeterModel, end_s: int) -> int:
    """Return the last midnight of a right clock that is a minute and more before T."""
    return rtc_midnight_s(model, end_s - MINUTE_S)


def _one_of(trial: Trial, from_us: int, to_us: int) -> Call | None:
    """Return one of the accesses of the last poll that has any in a span."""
    found = [call for call in calls(trial, from_us, to_us) if call.at_rtc]
    last = [call for call in found if call.poll == found[-1].poll]
    return last[trial.campaign.seed % len(last)] if last else None


def _check(trial: Trial) -> Finding:
    return with_placed(trial, ticking_inside, _NIGHT)


LAW: Final = Law(
    id="tick-inside",
    says="a midnight inside any access to the clock, at a boot or a poll, breaks no promise",
    properties=("P7",),
    presumes="nothing",
    draw=tick_inside,
    check=_check,
    one_in=10,
    hazard=True,
)
