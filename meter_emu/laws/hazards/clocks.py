"""Hazards of a clock: spoilt while the meter has power, or set by a card that it must refuse.

Each has its draw and its `Law`.
"""

from datetime import timedelta
from typing import Final

from meter_emu.hardware.rtc.calendar_chip import Registers
from meter_emu.laws.judged import promises
from meter_emu.laws.law import Broken, Finding, Law, Trial
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.registers import other_time, upset, without_seconds
from meter_emu.stories.story import Among, begin, finish, with_clock_cards
from meter_emu.stories.times import Timing, legal
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.meter.events import What
from meter_emu.world.rehearsal.campaign import Campaign

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

_OFF_H: Final = (1, 2, 12, 24, 48, 720, 8_760)


def clock_upset(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw an armed household whose clock is upset some minutes before T, while it has power.

    Half of the times are possible ones: some hours or days off, mostly ahead. In two of three a
    technician sets the clock afterwards.
    """
    seed, draft = begin(chooser, among)
    at_s = _spoilt_s(draft)
    draft.upset_now(at_s, _found(draft, at_s))
    if chooser.below(3):
        draft.technician(at_s + (2 + chooser.below(60)) * MINUTE_S, draft.tool_error_s())
    return finish(draft, seed)


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


CLOCK_UPSET: Final = Law(
    id="clock-upset",
    says="a clock whose registers change, or stand, while the program runs ends nothing early",
    properties=("P6", "P8"),
    presumes="a program that compares its clock with its ticks",
    draw=clock_upset,
    check=promises,
    one_in=40,
    hazard=True,
)


# Lost setting -------------------------------------------------------------------------------------
#
# A technician's card comes, and the clock chip takes nothing of what is written.


def lost_setting(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw an armed household, a setting that is lost before T, and in half of all another one."""
    seed, draft = begin(chooser, with_clock_cards(among))
    at_s = _spoilt_s(draft)
    draft.clock_card(at_s, error_s=draft.tool_error_s(), lost=True)
    if chooser.below(2):
        draft.technician(at_s + (2 + chooser.below(60)) * MINUTE_S, draft.tool_error_s())
    return finish(draft, seed)


LOST_SETTING: Final = Law(
    id="lost-setting",
    says="a clock that did not take its setting is not believed to have taken it",
    properties=("P6", "P8"),
    presumes="a program that reads its clock after it has set it",
    draw=lost_setting,
    check=promises,
    one_in=40,
    hazard=True,
)


# Old clock card -----------------------------------------------------------------------------------
#
# A clock card made a day before and more, the same one twice, or one for another meter.

_WHICH: Final = ("made before", "made before", "twice", "another meter's", "another meter's")
# The other meter's number: next to this one, of the same last digits, or of the same low bits.
_OTHERS: Final = (1, -1, 1_000_000, 1 << 32, 1 << 16, 1 << 8)


def old_clock_card(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw an armed household and a clock card that its meter must not obey, before T."""
    seed, draft = begin(chooser, with_clock_cards(among))
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
    return finish(draft, seed)


def _check_old_clock_card(trial: Trial) -> Finding:
    right = sum(visit.sets_the_clock for visit in trial.household.visits)
    obeyed = sum(event.what is What.CLOCK_SET for event in trial.run.events)
    if obeyed > right:
        return Broken("the clock is set by a card made before, put in twice, or for another meter")
    return promises(trial)


OLD_CLOCK_CARD: Final = Law(
    id="old-clock-card",
    says="a clock card sets the clock of its own meter, once, when it is made",
    properties=("P6", "P13"),
    presumes="a clock that is believed when the card comes",
    draw=old_clock_card,
    check=_check_old_clock_card,
    one_in=40,
    hazard=True,
)
