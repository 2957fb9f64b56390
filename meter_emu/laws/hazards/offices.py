"""A hazard of dates: an office's date is far ahead, and nothing at the meter tells who is wrong."""

from dataclasses import replace
from typing import Final

from meter_emu.laws.hazards.favours import unsure_s
from meter_emu.laws.judged import promises
from meter_emu.laws.law import Broken, Finding, Law, Trial
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, begin, finish, with_clock_cards
from meter_emu.stories.times import FIRST_S, Timing
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import DeskOrder
from meter_emu.world.meter.events import What

_AHEAD_S: Final = (20 * MINUTE_S, 5 * HOUR_S, DAY_S, 2 * DAY_S, 30 * DAY_S)
_RATES: Final = (8_000, 5_000)
_LAMPS: Final = (What.CLOCK_DOUBTED, What.CLOCK_TRUSTED)


def office_ahead(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a card of an office that is ahead, a technician, and the same card after him.

    In half of all the meter has lost its clock before, in the others power fails for hours after.
    """
    kits = with_clock_cards(among)
    priced = [kit for kit in kits if kit.model.credit.pricing.bi_hourly] if chooser.below(2) else ()
    seed, draft = begin(chooser, priced or kits)
    draft.rates = _RATES if priced else draft.rates  # the night's price in doubt has an end
    draft.kind = "an office that is ahead, then a technician"
    draft.ample_credit = True
    lead_s = (2 + chooser.below(4)) * DAY_S
    without_s = (draft.model.clock.backup_days + 1 + chooser.below(20)) * DAY_S
    end_s = max(draft.timing.end_s, FIRST_S + without_s + DAY_S + lead_s)
    at_s = end_s - lead_s
    draft.timing = Timing(at_s, end_s)
    draft.first_s = at_s - DAY_S
    order, set_s = draft.arming(end_s, end_s), at_s + (1 + chooser.below(40)) * HOUR_S
    if priced:  # no deferral, in which nothing would be charged
        order = DeskOrder(load_cents=500)
        set_s = at_s + (30 + chooser.below(60)) * HOUR_S
    if priced or chooser.below(2):
        dark_s = set_s + (2 + chooser.below(6)) * HOUR_S
        draft.outages.append((dark_s, dark_s + chooser.of((MINUTE_S, HOUR_S, 9 * HOUR_S))))
    else:  # which then goes on from that date: nobody is to be cut by it
        order = DeskOrder(load_cents=500)
        back_s = at_s - (1 + chooser.below(20)) * HOUR_S
        draft.outages.append((back_s - without_s, back_s))
        draft.first_s = back_s - without_s - DAY_S
    ahead_s = chooser.of(_AHEAD_S) + 2 * unsure_s(draft.model)
    draft.office(at_s, replace(order, office_error_s=ahead_s))
    draft.insert(at_s + 2 * MINUTE_S)
    draft.technician(set_s, draft.tool_error_s())
    draft.insert(set_s + (2 + chooser.below(90)) * MINUTE_S)
    return finish(draft, seed)


def _check(trial: Trial) -> Finding:
    """After a technician the clock is believed: his card counts, and the office's date is known."""
    events = trial.run.events
    tools = [visit.at_us for visit in trial.household.visits if visit.sets_the_clock]
    sets = [event.at_us for event in events if event.what is What.CLOCK_SET]
    if tools and len(sets) < len(tools):
        return Broken("a technician's card sets no clock after an office that was ahead")
    doubts = [event for event in events if event.what in _LAMPS and sets and event.at_us > sets[-1]]
    # A clock that was lost goes on from the date: that is not yet to dispute it.
    lost = any(back_us < at_us for _, back_us in trial.household.outages for at_us in tools)
    if not lost and doubts and doubts[-1].what is What.CLOCK_DOUBTED:
        return Broken("a clock that a technician has set is doubted again, for what was known then")
    return promises(trial)


LAW: Final = Law(
    id="stamp-ahead",
    says="an office whose date is ahead puts a clock in doubt until a technician sets it, and once",
    properties=("P6", "P8"),
    presumes="a meter that obeys a technician's card, and remembers the date that it disputed",
    draw=office_ahead,
    check=_check,
    one_in=40,
    hazard=True,
)
