"""Hazards of a clock that is stepped, set or read just when something else happens.

Each has its draw and its `Law`. `placing` finds moments between two port calls.
"""

from dataclasses import replace
from typing import Final

from meter_emu.laws.hazards.placing import Call, calls, early_s, tick_us, with_placed
from meter_emu.laws.judged import hazard
from meter_emu.laws.law import Aside, Finding, Trial
from meter_emu.stories import people
from meter_emu.stories.boundaries import changes
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.moments import end_after_midnight
from meter_emu.stories.story import Among, armed_at, models
from meter_emu.stories.times import FIRST_S, Timing, change_s, legal, rtc_midnight_s
from meter_emu.units import DAY_S, DAY_US, HOUR_S, MINUTE_S, SECOND_US
from meter_emu.world.households.household import DeskOrder, Household, VisitKind
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.meter.model import MeterModel, uncertainty_s

# Clocks change ------------------------------------------------------------------------------------
#
# T in the hour that October repeats, or at the gap of March; ordered days or a winter before.

_WHEN: Final = (*("twice",) * 4, "expiry", "gap", "winter before")
_MINUTES: Final = (30, 0, 59, 1, 15, 45)
_WINTER_D: Final = 92  # from before New Year to the change of March, at least
_LAST_YEAR: Final = 2098  # ours: after T the clocks must still be in range


@hazard(
    id="clocks-change",
    says="a time that comes twice is the one that was meant, and no change of clocks moves a cut",
    properties=("P1", "P2", "P5"),
    presumes="of a time that comes twice, the later, where the card cannot say which",
    one_in=20,
)
def clocks_change(draft: Draft, chooser: Chooser) -> None:
    """Draw a household that is cut at a change of clocks.

    A card of generation 2 can mean the first of two equal times, one of generation 1 cannot.
    """
    name, minutes, meant = chooser.of(_WHEN), chooser.of(_MINUTES), "second"
    zone = draft.model.zone
    year = min(legal(draft.timing.end_s, zone).year, _LAST_YEAR)
    spring, autumn = changes(zone.info, year, year)
    lead_s = draft.timing.end_s - draft.timing.armed_s
    if name in {"twice", "expiry"}:
        if draft.generation == 2:
            meant = chooser.of(("second", *("first", "both") * 2))
        draft.earlier = meant != "second"
        end_s = autumn.at_s - HOUR_S * draft.earlier + minutes * MINUTE_S
    else:
        end_s = spring.at_s + (minutes - 30) * MINUTE_S
    if name == "winter before":
        lead_s = (_WINTER_D + chooser.below(20)) * DAY_S
    draft.timing = Timing(max(FIRST_S, end_s - lead_s), end_s)
    draft.first_s = draft.timing.armed_s - DAY_S
    draft.ample_credit = True
    if name == "expiry":
        _expiring(draft, end_s)
    elif meant == "both":
        _round_the_change(draft, autumn.at_s)
    else:
        people.live(draft, people.NEVER)


def _round_the_change(draft: Draft, changed_s: int) -> None:
    """Order T1 in the first of two equal hours, then T2 in the second, at any of their minutes."""
    draft.kind = "T1 and T2 in two equal hours"
    armed_s, minutes = draft.timing.armed_s, draft.chooser.of(_MINUTES)
    until, until_us = draft.minute(changed_s - HOUR_S + minutes * MINUTE_S)
    draft.bring(armed_s, DeskOrder(defer_until=until, defer_us=until_us))
    draft.earlier = False
    end_s = changed_s + draft.chooser.of(_MINUTES) * MINUTE_S
    cut, cut_us = draft.minute(end_s)
    draft.office(armed_s + MINUTE_S, DeskOrder(cut_at=cut, cut_us=cut_us))
    draft.insert(armed_s + 2 * MINUTE_S)
    draft.timing = Timing(armed_s, end_s)


def _expiring(draft: Draft, ends_s: int) -> None:
    """Give a card that ends in one of two equal hours, and use it in the other, or after it."""
    draft.kind = "a card that ends in one of two equal hours"
    draft.first_card = draft.new_card(ends_s)
    draft.earlier = False
    draft.office(draft.timing.armed_s, DeskOrder(load_cents=2_000))
    used_s = ends_s + draft.chooser.of((HOUR_S, 20 * MINUTE_S, -20 * MINUTE_S, -HOUR_S))
    draft.insert(max(used_s, draft.timing.armed_s + MINUTE_S))
    draft.timing = Timing(draft.timing.armed_s, ends_s + 2 * HOUR_S)


# Off over step ------------------------------------------------------------------------------------
#
# The power is off while clocks change, and back when the clock's step has to wait.

_BEFORE_S: Final = 6 * HOUR_S  # ours: no clock is near its step by then


def _in_legal_time(among: Among) -> Among:
    return [kit for kit in among or models() if kit.model.rtc_base == "legal"] or among


@hazard(
    id="off-over-step",
    says="a clock that was not stepped in time is stepped as soon as it can be, and breaks nothing",
    properties=("P5", "P6"),
    presumes="a clock that counts legal time",
    kits=_in_legal_time,
)
def off_over_step(draft: Draft, chooser: Chooser) -> None:
    """Draw a meter whose clock counts legal time, without power from before the change of clocks.

    By the clock, which was not stepped, power is back in the hour before midnight, in the one after
    it, or in the last seconds of any hour. T comes within a day.
    """
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
    armed_at(draft, Timing(armed_s, end_s))


# Cut at step --------------------------------------------------------------------------------------
#
# The power fails between any two calls of the poll that steps the clock to legal time.

_BEFORE: Final = 12  # ours: how many calls before the clock is written may be the last ones
_LONG_S: Final = (1, 10, MINUTE_S, HOUR_S, 5 * HOUR_S)
_AFTER_S: Final = 3 * HOUR_S  # the clock has been stepped by then, if at all


def _check_cut_at_step(trial: Trial) -> Finding:
    if trial.household.model.rtc_base != "legal":
        return Aside("no clock here counts legal time")
    return with_placed(trial, cut_between, "the clock is not stepped")


@hazard(
    id="cut-at-step",
    says="power that fails between any two calls round a step of the clock breaks no promise",
    properties=("P6", "P7"),
    presumes="a clock that counts legal time",
    check=_check_cut_at_step,
    kits=_in_legal_time,
)
def cut_at_step(draft: Draft, chooser: Chooser) -> None:
    """Draw a meter whose clock counts legal time, with a cut within two days after its step.

    Its outage comes hours after the step: the law moves it there.
    """
    changed_s = change_s(draft.timing.end_s, draft.model.zone)
    long_s = chooser.of(_LONG_S)
    lost_s = changed_s + _AFTER_S + 2 * uncertainty_s(draft.model, 0, 900 * DAY_S * SECOND_US)
    end_s = changed_s + (1 + chooser.below(48)) * HOUR_S + chooser.of((0, 0, 1, 30)) * MINUTE_S
    draft.outages.append((lost_s, lost_s + long_s))
    armed_s = changed_s - (1 + chooser.below(40)) * HOUR_S
    armed_at(draft, Timing(armed_s, end_s))


def cut_between(trial: Trial) -> Household | None:
    """Return the story with its outage between two calls of the poll that steps the clock."""
    household = trial.household
    if len(household.outages) != 1:
        return None
    ((lost_us, back_us),) = household.outages
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
    return replace(household, outages=((at_us, at_us + back_us - lost_us),))


# Tick inside --------------------------------------------------------------------------------------
#
# Midnight comes inside any access to the clock chip, or between two: at boots, and at polls.

# Length of the outage; the longer ones may span a change of clocks.
_OUTAGES_S: Final = (30 * MINUTE_S, 5 * MINUTE_S, 4 * HOUR_S, DAY_S, 3 * DAY_S)
_NIGHT: Final = "no night of its clock before T"


@hazard(
    id="tick-inside",
    says="a midnight inside any access to the clock, at a boot or a poll, breaks no promise",
    properties=("P7",),
    check=lambda trial: with_placed(trial, ticking_inside, _NIGHT),
    one_in=20,
)
def tick_inside(draft: Draft, chooser: Chooser) -> None:
    """Draw a household that is cut within a day after a clock's midnight, mostly after a boot.

    Power is back before that midnight: the law moves it there.
    """
    night_s = end_after_midnight(draft)
    lost_s = night_s
    if chooser.below(4) != 3:
        back_s = night_s - early_s(draft.model, night_s)
        lost_s = back_s - chooser.of(_OUTAGES_S)
        draft.outages.append((lost_s, back_s))
    armed_s = min(draft.timing.armed_s, lost_s - HOUR_S)
    armed_at(draft, Timing(armed_s, draft.timing.end_s))


def ticking_inside(trial: Trial) -> Household | None:
    """Return the story with a clock's midnight at one of its accesses, if there is one."""
    household, model = trial.household, trial.household.model
    if household.outages:
        lost_us, back_us = household.outages[-1]
        call = _one_of(trial, back_us, back_us + model.boot_ms * 1_000 + WORK_US)
        if call is None or call.midnight_us is None:
            return None
        by_us = call.midnight_us - tick_us(trial, call)
        return replace(household, outages=((lost_us, back_us + by_us),))
    ends_us = [visit.desk.cut_us or 0 for visit in household.visits if visit.desk]
    end_s = max(ends_us, default=0) // SECOND_US
    night_s = _night_s(model, end_s)
    until_us = (night_s - early_s(model, night_s)) * SECOND_US
    call = _one_of(trial, until_us - DAY_US, until_us)
    if call is None or call.midnight_us is None:
        return None
    poll_us = call.midnight_us - (tick_us(trial, call) - call.poll_us)
    phase_us = (poll_us - trial.campaign.start_us) % (model.poll_s * SECOND_US)
    return replace(household, poll_phase_us=phase_us)


def _night_s(model: MeterModel, end_s: int) -> int:
    """Return the last midnight of a right clock at least a minute before T."""
    return rtc_midnight_s(model, end_s - MINUTE_S)


def _one_of(trial: Trial, from_us: int, to_us: int) -> Call | None:
    """Return one of the accesses of the last poll with any in a span."""
    found = [call for call in calls(trial, from_us, to_us) if call.at_rtc]
    last = [call for call in found if call.poll == found[-1].poll]
    return last[trial.campaign.seed % len(last)] if last else None


# Clock card at midnight ---------------------------------------------------------------------------
#
# A technician's card is written into the clock as midnight comes, and T is after it.


@hazard(
    id="clock-card-at-midnight",
    says="a clock that is set as it comes to midnight breaks no promise",
    properties=("P6", "P7"),
    presumes="a technician within the error of his tool",
    check=lambda trial: with_placed(trial, setting_at_midnight, "the clock is not written"),
)
def clock_card_at_midnight(draft: Draft, _: Chooser) -> None:
    """Draw a household that is cut within a day after a midnight when a technician sets the clock.

    He comes before that midnight: the law moves him there.
    """
    night_s = end_after_midnight(draft)
    at_s = night_s - early_s(draft.model, night_s)
    draft.technician(at_s, draft.tool_error_s())
    armed_s = min(draft.timing.armed_s, at_s - HOUR_S)
    armed_at(draft, Timing(armed_s, draft.timing.end_s))


def setting_at_midnight(trial: Trial) -> Household | None:
    """Return the story with the technician there at midnight, if he sets the clock."""
    visits = trial.household.visits
    nth = next((n for n, v in enumerate(visits) if v.kind is VisitKind.CLOCK_CARD), None)
    if nth is None:
        return None
    at_us = visits[nth].at_us
    heard = [call for call in calls(trial, at_us, at_us + WORK_US) if call.at_rtc]
    writes = [at for at, call in enumerate(heard) if call.name == "rtc_write"]
    if not writes:
        return None
    call = heard[: writes[-1] + 1][trial.campaign.seed % (writes[-1] + 1)]
    if call.midnight_us is None:
        return None
    moved = replace(visits[nth], at_us=at_us + call.midnight_us - tick_us(trial, call))
    return replace(trial.household, visits=(*visits[:nth], moved, *visits[nth + 1 :]))
