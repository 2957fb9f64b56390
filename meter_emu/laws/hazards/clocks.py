"""Hazards of a clock: spoilt while the meter has power, or set by a card that it must refuse.

Each has its draw and its `Law`.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from meter_emu.hardware.rtc.calendar_chip import Registers
from meter_emu.laws.compared import ordered_us
from meter_emu.laws.hazards.favours import late_us, spans_of
from meter_emu.laws.judged import hazard, promises
from meter_emu.laws.law import Aside, Broken, Finding, Trial, campaign_of
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.registers import other_time, upset, without_seconds
from meter_emu.stories.story import finish, with_clock_cards
from meter_emu.stories.times import FIRST_S, Timing, legal, rtc_midnight_s
from meter_emu.units import DAY_S, DAY_US, EPOCH_2000_US, HOUR_S, MINUTE_S, PPB, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.meter.events import What

_SOON_MIN: Final = (600, 60, 5)  # how long before T the clock is spoilt, at most


def _spoilt_s(draft: Draft) -> int:
    """Draw when the clock is spoilt: before T, after the household was armed."""
    end_s = draft.timing.end_s
    at_s = end_s - (1 + draft.chooser.below(draft.chooser.of(_SOON_MIN))) * MINUTE_S
    draft.timing = Timing(min(draft.timing.armed_s, at_s - 2 * HOUR_S), end_s)
    draft.first_s = draft.timing.armed_s - DAY_S
    draft.ample_credit = draft.short = True
    people.live(draft, people.NEVER)
    return at_s


# Clock upset --------------------------------------------------------------------------------------
#
# Registers of the clock chip change under a running program: any of them, or the crystal stops.

_OFF_H: Final = (1, 1, 2, 12, 24, 48, 720, 8_760)
_LATE_H: Final = 22  # ours: of the clock's day, since whose midnight it has journalled no time


@hazard(
    id="clock-upset",
    says="a clock whose registers change, or stand, while the program runs ends nothing early",
    properties=("P6", "P8"),
    presumes="a program that compares its clock with its ticks",
)
def clock_upset(draft: Draft, chooser: Chooser) -> None:
    """Draw an armed household whose clock is upset some minutes before T, while it has power.

    Half of the times are possible ones: some hours or days off, mostly ahead. In two of three a
    technician sets the clock afterwards.
    """
    if chooser.below(2):
        late_s = rtc_midnight_s(draft.model, draft.timing.end_s) - (DAY_S - _LATE_H * HOUR_S)
        end_s = max(FIRST_S + 2 * DAY_S, late_s + chooser.below(2 * HOUR_S))
        draft.timing = Timing(min(draft.timing.armed_s, end_s - DAY_S), end_s)
    at_s = _spoilt_s(draft)
    draft.upset_now(at_s, _found(draft, at_s))
    if chooser.below(3):
        draft.technician(at_s + (2 + chooser.below(60)) * MINUTE_S, draft.tool_error_s())


def _found(draft: Draft, at_s: int) -> Registers:
    chooser, model = draft.chooser, draft.model
    if chooser.below(2):
        return without_seconds(model, upset(chooser, model, at_s))
    by = timedelta(hours=chooser.of(_OFF_H))
    now = legal(at_s, model.zone).replace(tzinfo=None)
    when = now - by if chooser.below(4) == 3 else now + by
    if when.year not in range(2000, 2100):
        when = now + by if when < now else now - by
    return without_seconds(model, other_time(model, when, doubted=False))


# Lost setting -------------------------------------------------------------------------------------
#
# A technician's card comes, and the clock chip takes nothing of what is written.


@hazard(
    id="lost-setting",
    says="a clock that did not take its setting is not believed to have taken it",
    properties=("P6", "P8"),
    presumes="a program that reads its clock after it has set it",
    kits=with_clock_cards,
)
def lost_setting(draft: Draft, chooser: Chooser) -> None:
    """Draw an armed household, a setting that is lost before T, and in half of all another one."""
    at_s = _spoilt_s(draft)
    draft.clock_card(at_s, error_s=draft.tool_error_s(), lost=True)
    if chooser.below(2):
        draft.technician(at_s + (2 + chooser.below(60)) * MINUTE_S, draft.tool_error_s())


# Old clock card -----------------------------------------------------------------------------------
#
# A clock card made a day before and more, the same one twice, or one for another meter.

_WHICH: Final = ("made before", "made before", "twice", "another meter's", "another meter's")
# The other meter's number: next to this one, of the same last digits, or of the same low bits.
_OTHERS: Final = (1, -1, 1_000_000, 1 << 32, 1 << 16, 1 << 8)


def _check_old_clock_card(trial: Trial) -> Finding:
    right = sum(visit.sets_the_clock for visit in trial.household.visits)
    obeyed = sum(event.what is What.CLOCK_SET for event in trial.run.events)
    if obeyed > right:
        return Broken("the clock is set by a card made before, put in twice, or for another meter")
    return promises(trial)


@hazard(
    id="old-clock-card",
    says="a clock card sets the clock of its own meter, once, when it is made",
    properties=("P6", "P13"),
    presumes="a clock that is believed when the card comes",
    check=_check_old_clock_card,
    kits=with_clock_cards,
)
def old_clock_card(draft: Draft, chooser: Chooser) -> None:
    """Draw an armed household and a clock card that its meter must not obey, before T."""
    at_s = _spoilt_s(draft)
    name = chooser.of(_WHICH)
    error_s = draft.tool_error_s()
    if name == "made before":
        draft.clock_card(at_s, error_s=error_s, made_s=at_s - (1 + chooser.below(30)) * DAY_S)
    elif name == "twice":
        first_s = at_s - (1 + chooser.below(90)) * MINUTE_S
        draft.technician(first_s, error_s)
        draft.clock_card(at_s, error_s=error_s, made_s=first_s)
    else:
        draft.clock_card(at_s, error_s=error_s, others=chooser.of(_OTHERS), made_s=at_s - DAY_S)


# A setting that is too old ------------------------------------------------------------------------
#
# Within the story the clock becomes too old to be believed.

_WATCHED_D: Final = 4  # ours: nearly all of it is waiting in doubt, a save each quarter of an hour
_DAYS_MORE: Final = 1  # ours: a program counts in days, and looks at each poll


def _check_old_setting(trial: Trial) -> Finding:
    household, lamps = trial.household, (What.CLOCK_DOUBTED, What.CLOCK_TRUSTED)
    if any(visit.sets_the_clock for visit in household.visits):
        return Aside("the clock was set anew")
    if household.clock_set_us + _too_old_after_us(household) > trial.campaign.end_us:
        return Aside("no clock can have been set so long before it")
    said = [event.what for event in trial.run.events if event.what in lamps]
    if said[-1:] != [What.CLOCK_DOUBTED]:
        days = household.model.clock.trust_max_days
        return Broken(f"the clock was set more than {days} days ago, and the meter believes it")
    end_us = ordered_us(household)
    alone = sum(visit.desk is not None for visit in household.visits) == 1
    if end_us is not None and alone and not household.outages:
        after_us = late_us(household.model, (), end_us)
        late = (span for span in spans_of(household, trial.run.events) if span.to_us > after_us)
        if any(span.on for span in late):
            return Broken("T2 is not carried out by a clock that was set too long ago")
    return promises(trial)


def _aged(draft: Draft, seed: int) -> Campaign:
    """Complete a draft with a clock that is too old by its end."""
    campaign = finish(draft, seed)
    (household,) = campaign.households
    days = draft.chooser.below(_WATCHED_D - 2 * _DAYS_MORE)
    set_us = campaign.end_us - _too_old_after_us(household) - days * DAY_US
    set_us = max(set_us, EPOCH_2000_US + DAY_US)  # no clock goes further back
    return campaign_of(campaign, replace(household, clock_set_us=set_us))


@hazard(
    id="old-setting",
    says="a clock that was set longer ago than its model allows is doubted, and the lamp says so",
    properties=("P8",),
    presumes="a program that believes no setting older than its model's",
    check=_check_old_setting,
    finishes=_aged,
)
def old_setting(draft: Draft, _: Chooser) -> None:
    """Draw a household whose clock is too old to be believed before its story ends."""
    draft.kind = "set too long ago"
    draft.short = draft.ample_credit = True
    end_s = draft.timing.end_s
    draft.timing = Timing(end_s - _WATCHED_D * DAY_S, end_s)
    draft.first_s = draft.timing.armed_s - DAY_S
    people.live(draft, people.NEVER)
    draft.scroll(late_us(draft.model, (), end_s * SECOND_US) // SECOND_US + HOUR_S)


def _too_old_after_us(household: Household) -> int:
    """Return after how long a clock of this model is too old, however slow it is, and looked at."""
    clock = household.model.clock
    days = clock.trust_max_days + _DAYS_MORE
    late_s = clock.set_error_s + days * DAY_S * clock.drift_bound_ppb // PPB
    return (days * DAY_S + late_s + household.model.poll_s) * SECOND_US
