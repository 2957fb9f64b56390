"""The power fails between any two calls of the poll in which the clock is stepped to legal time."""

from dataclasses import replace
from typing import Final

from meter_emu.laws.hazards.placing import calls, with_placed
from meter_emu.laws.law import Aside, Finding, Law, Trial
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, begin, finish, models
from meter_emu.stories.times import Timing, change_s
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S, SECOND_US
from meter_emu.world.meter.model import uncertainty_s
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import Household

_BEFORE: Final = 12  # ours: how many calls before the clock is written may be the last ones
_LONG_S: Final = (1, 10, MINUTE_S, HOUR_S, 5 * HOUR_S)
_AFTER_S: Final = 3 * HOUR_S  # by then the clock has been stepped, if it is at all


def cut_at_step(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home whose clock counts legal time, cut within two days after it is stepped.

    Its outage comes hours after the step: the law moves it there.
    """
    kits = [kit for kit in among or models() if kit.model.rtc_base == "legal"]
    seed, draft = begin(chooser, kits or among)
    changed_s = change_s(draft.timing.end_s, draft.model.zone)
    long_s = chooser.of(_LONG_S)
    lost_s = changed_s + _AFTER_S + 2 * uncertainty_s(draft.model, 0, 900 * DAY_S * SECOND_US)
    end_s = changed_s + (1 + chooser.below(48)) * HOUR_S + chooser.of((0, 0, 1, 30)) * MINUTE_S
    draft.outages.append((lost_s, lost_s + long_s))
    armed_s = changed_s - (1 + chooser.below(40)) * HOUR_S
    draft.timing = Timing(armed_s, end_s)
    draft.first_s = armed_s - DAY_S
    draft.ample_credit = True
    people.live(draft, people.NEVER)
    return finish(draft, seed)


def cut_between(trial: Trial) -> Household | None:
    """Return the home with its outage between two calls of the poll that steps the clock."""
    home = trial.home
    ((lost_us, back_us),) = home.outages
    heard = calls(trial, trial.campaign.start_us, lost_us)
    steps = [n for n, call in enumerate(heard) if call.name == "rtc_write"]
    if not steps:
        return None
    near = [
        call
        for call in heard[max(0, steps[0] - _BEFORE) :]
        if call.poll == heard[steps[0]].poll and call.at_us > call.poll_us
    ]
    at_us = near[trial.campaign.seed % len(near)].at_us
    return replace(home, outages=((at_us, at_us + back_us - lost_us),))


def _check(trial: Trial) -> Finding:
    if trial.home.model.rtc_base != "legal":
        return Aside("no clock here counts legal time")
    return with_placed(trial, cut_between, "the clock is not stepped")


LAW: Final = Law(
    id="cut-at-step",
    says="power that fails between any two calls round a step of the clock breaks no promise",
    properties=("P6", "P7"),
    presumes="a clock that counts legal time",
    draw=cut_at_step,
    check=_check,
    one_in=10,
    hazard=True,
)
