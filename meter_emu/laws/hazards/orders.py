"""Hazards of an order: replaced, copied, on a day or by a clock that should make no difference.

Each has its draw and its `Law`.
"""

from dataclasses import replace
from datetime import date
from typing import Final

import msgspec

from meter_emu.laws.judged import hazard, promises
from meter_emu.laws.law import Broken, Finding, Trial, trial_of
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import USES, Draft
from meter_emu.stories.moments import end_after_midnight
from meter_emu.stories.story import FAST_D, with_clock_cards
from meter_emu.stories.times import FIRST_S, Timing, at_minute_s, legal, midnight_s, rtc_midnight_s
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S, PPB
from meter_emu.world.households.household import DeskOrder

# Deferred again -----------------------------------------------------------------------------------
#
# A deferral ends, another is ordered, and credit ends while it holds.


@hazard(
    id="deferred-again",
    says="a deferral that is over takes nothing from the one that is ordered after it",
    properties=("P9", "P13"),
    presumes="a clock within its model's bound",
)
def deferred_again(draft: Draft, chooser: Chooser) -> None:
    """Draw a household that is deferred for about a night, and again some days later."""
    draft.kind = "deferred again"
    lead_s = draft.timing.end_s - draft.timing.armed_s
    again_s = max(draft.timing.end_s - min(lead_s, 6 * DAY_S), FIRST_S + 5 * DAY_S)
    over_s = again_s - (1 + chooser.below(30)) * HOUR_S
    first_s = over_s - (2 + chooser.below(30)) * HOUR_S
    draft.timing = Timing(first_s, max(draft.timing.end_s, again_s + HOUR_S))
    draft.first_s = first_s - DAY_S
    for at_s, until_s in ((first_s, over_s), (again_s, draft.timing.end_s)):
        until, until_us = draft.minute(until_s)
        draft.bring(at_s, DeskOrder(defer_until=until, defer_us=until_us))
    left_h = max(1, (draft.timing.end_s - again_s) // HOUR_S)
    draft.credit_ends_s = over_s + chooser.below(left_h) * HOUR_S
    draft.rates = USES[:-1]


# Older copy ---------------------------------------------------------------------------------------
#
# Two images of one card: the meter has obeyed the newer order, and the older one is put in.

_OTHER_S: Final = (-DAY_S, -3 * DAY_S, -HOUR_S, DAY_S)  # from the first T to the one that counts


@hazard(
    id="older-copy",
    says="an older image of the card, put in last, brings nothing",
    properties=("P11", "P13"),
    presumes="a card that can be copied",
)
def older_copy(draft: Draft, chooser: Chooser) -> None:
    """Draw a household that is armed, reactivated or armed anew, and shows its first card again."""
    armed_s, end_s = draft.timing
    first_s = max(armed_s - (1 + chooser.below(48)) * HOUR_S, draft.first_s)
    other_s = max(end_s + chooser.of(_OTHER_S), first_s + MINUTE_S)
    draft.bring(first_s, draft.arming(other_s, other_s))
    second_s = max(armed_s, first_s + 2 * MINUTE_S)
    if chooser.below(2) == 0:
        draft.bring(second_s, DeskOrder(reactivate=True, load_cents=2_000))
        draft.kind = "reactivated, then the older card"
    else:
        draft.bring(second_s, draft.arming(end_s, end_s))
        draft.kind = "armed again, then the older card"
    left_s = max(1, end_s - second_s - MINUTE_S)
    copied_s = second_s + MINUTE_S + chooser.below(left_s) + (0, 0, 0, DAY_S)[chooser.below(4)]
    draft.insert_copy(copied_s, 1)
    draft.ample_credit = True


# Holiday ------------------------------------------------------------------------------------------
#
# Credit ends in the working hours of a holiday: to the rule it is a day like any other.

# Month and day of the fixed holidays (law of 4 January 1974, and its decree).
_DAYS: Final = ((7, 21), (1, 1), (5, 1), (8, 15), (11, 1), (11, 11), (12, 25))
_YEARS: Final = 7  # within so many years each of them is on a working day
_LAST_YEAR: Final = 2092
_FROM_MIN: Final = 8 * 60  # when the working hours begin
_WITHIN_MIN: Final = 6 * 60  # ours: a right meter has cut by so long before they end, if at all


@hazard(
    id="holiday",
    says="on a holiday that is a working day, the ordinary hours of the week hold",
    properties=("P9",),
    presumes="a clock within its model's bound",
)
def holiday(draft: Draft, chooser: Chooser) -> None:
    """Draw a household without order whose credit ends so; an hour later somebody looks."""
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


# Woken --------------------------------------------------------------------------------------------
#
# Somebody wakes the program just before, at and after T or a midnight, and in the seconds between.

_NEAR_S: Final = (0, -1, 1, -2, 2, -59, 59, -60, 60, -3_600, 3_600)


@hazard(
    id="woken",
    says="whenever the program is woken, nothing is early, and nothing is missed",
    properties=("P1", "P2"),
    presumes="a clock within its model's bound",
)
def woken(draft: Draft, chooser: Chooser) -> None:
    """Draw an armed household; a button is pressed at T and at its clock's last midnights."""
    if chooser.below(2):
        end_after_midnight(draft)
    draft.ample_credit = True
    people.live(draft, people.ARMED)
    for boundary_s in _boundaries_s(draft):
        for _ in range(1 + chooser.below(2)):
            at_s = boundary_s + chooser.of(_NEAR_S)
            if at_s > draft.timing.armed_s:
                draft.scroll(at_s)


def _boundaries_s(draft: Draft) -> tuple[int, ...]:
    """Return T, and midnights of a right clock and of legal time before it."""
    end_s = draft.timing.end_s
    night_s = rtc_midnight_s(draft.model, end_s)
    return end_s, night_s, midnight_s(end_s, draft.model.zone), night_s - DAY_S


# Set back -----------------------------------------------------------------------------------------
#
# A clock that was ahead is set back over a midnight it has shown, and T lies in between.

_SET_S: Final = 4 * MINUTE_S  # ours: a clock that was just set cuts within this time after T


@hazard(
    id="set-back",
    says="a clock that is set back over a midnight it has seen breaks no promise",
    properties=("P6",),
    presumes="a clock within its model's bound, as far ahead as that lets it be",
)
def set_back(draft: Draft, chooser: Chooser) -> None:
    """Draw a clock that is set back from after a midnight to before it, then comes T."""
    clock = draft.model.clock
    ahead_s = clock.set_error_s - 1 + FAST_D * DAY_S * clock.drift_bound_ppb // PPB
    night_s = end_after_midnight(draft)
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


# Reserve lost -------------------------------------------------------------------------------------
#
# The power is off for longer than the clock's reserve; T comes before it is back, or after.

_YEAR_S: Final = 365 * DAY_S


@hazard(
    id="reserve-lost",
    says="a clock that has lost its time cuts nobody by it",
    properties=("P8",),
)
def reserve_lost(draft: Draft, chooser: Chooser) -> None:
    """Draw a clock that stops for lack of power, with T in the outage or some hours after it.

    Half of them are in 2000, where such a clock starts again: T is before and after its new time.
    Sometimes a technician sets it.
    """
    end_s = max(draft.timing.end_s, FIRST_S + 60 * DAY_S)
    if chooser.below(2) == 0:
        end_s = FIRST_S + 60 * DAY_S + end_s % _YEAR_S
    long_s = (draft.model.clock.backup_days + 1 + chooser.below(15)) * DAY_S
    if chooser.below(2) == 0:
        back_s = end_s - chooser.below(8 * 60) * MINUTE_S
    else:
        back_s = end_s + chooser.below(long_s // DAY_S) * DAY_S + chooser.below(24) * HOUR_S
    lost_s = back_s - long_s
    draft.outages.append((lost_s, back_s))
    draft.timing = Timing(lost_s - HOUR_S - chooser.below(48) * HOUR_S, end_s)
    draft.first_s = draft.timing.armed_s - DAY_S
    draft.ample_credit = True
    people.live(draft, people.NEVER)
    if chooser.below(3) == 0:
        at_s = max(back_s, end_s) + chooser.below(120) * MINUTE_S
        draft.technician(at_s, draft.tool_error_s())


# Later cut ----------------------------------------------------------------------------------------
#
# T has come, a card brings a later one, and then somebody sets the clock and asks for supply.

_LATER_S: Final = (DAY_S, HOUR_S, 30 * DAY_S)


def _check_later_cut(trial: Trial) -> Finding:
    """Judge it by either reading of a later cut: the model's own, and the other."""
    household, model = trial.household, trial.household.model
    other = "stays_cut" if model.later_cut == "reconnect" else "reconnect"
    changed = replace(household, model=msgspec.structs.replace(model, later_cut=other))
    own = promises(trial)
    if own is not None:
        return own
    for what, one in trial.within([(f"by a model of {other}", changed)]):
        found = promises(trial_of(trial, one))
        return Broken(f"{what}: {found.words}") if isinstance(found, Broken) else found
    return None


@hazard(
    id="later-cut",
    says="after a cut a later T2 gives supply back where the model says so, and nowhere else, "
    "also when its clock is set",
    properties=("P11", "P13"),
    presumes="a technician's card; a model of either reading",
    check=_check_later_cut,
    kits=with_clock_cards,
)
def later_cut(draft: Draft, chooser: Chooser) -> None:
    """Draw a household that is cut, gets a later T, and has its clock set before that comes."""
    people.live(draft, people.NEVER)
    draft.ample_credit = True
    at_s = draft.timing.end_s + (1 + chooser.below(40)) * DAY_S // 4
    later_s = at_s + chooser.of(_LATER_S)
    draft.bring(at_s, draft.arming(later_s, later_s))
    draft.technician(at_s + 10 * MINUTE_S, draft.tool_error_s())
    draft.ask_supply(at_s + 20 * MINUTE_S)
