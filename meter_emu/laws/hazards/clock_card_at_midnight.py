"""A technician's card is written into the clock as it comes to midnight, and T is after it."""

from dataclasses import replace
from typing import Final

from meter_emu.laws.hazards.placing import calls, early_s, tick_us, with_placed
from meter_emu.laws.law import Finding, Law, Trial
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, begin, finish
from meter_emu.stories.times import Timing, rtc_midnight_s
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import Household, VisitKind
from meter_emu.world.rehearsal.outcome import WORK_US


def clock_card_at_midnight(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home that is cut within a day after a midnight at which a technician sets the clock.

    He comes before that midnight: the law moves him there.
    """
    seed, draft = begin(chooser, among)
    night_s = rtc_midnight_s(draft.model, draft.timing.end_s - MINUTE_S)
    at_s = night_s - early_s(draft.model, night_s)
    draft.technician(at_s, chooser.around(draft.model.clock.set_error_s - 1))
    armed_s = min(draft.timing.armed_s, at_s - HOUR_S)
    draft.timing = Timing(armed_s, draft.timing.end_s)
    draft.first_s = armed_s - DAY_S
    draft.ample_credit = True
    people.live(draft, people.NEVER)
    return finish(draft, seed)


def setting_at_midnight(trial: Trial) -> Household | None:
    """Return the home with the technician there as it comes to midnight, if he sets the clock."""
    visits = trial.home.visits
    (nth,) = (n for n, visit in enumerate(visits) if visit.kind is VisitKind.CLOCK_CARD)
    at_us = visits[nth].at_us
    heard = [call for call in calls(trial, at_us, at_us + WORK_US) if call.at_rtc]
    writes = [at for at, call in enumerate(heard) if call.name == "rtc_write"]
    if not writes:
        return None
    call = heard[: writes[-1] + 1][trial.campaign.seed % (writes[-1] + 1)]
    if call.midnight_us is None:
        return None
    moved = replace(visits[nth], at_us=at_us + call.midnight_us - tick_us(trial, call))
    return replace(trial.home, visits=(*visits[:nth], moved, *visits[nth + 1 :]))


def _check(trial: Trial) -> Finding:
    return with_placed(trial, setting_at_midnight, "the clock is not written")


LAW: Final = Law(
    id="clock-card-at-midnight",
    says="a clock that is set as it comes to midnight breaks no promise",
    properties=("P6", "P7"),
    presumes="a technician within the error of his tool",
    draw=clock_card_at_midnight,
    check=_check,
    one_in=10,
    hazard=True,
)
