"""A hazard of a clock that has lost its time: who comes to the meter then, with what, in any order.

An order waits for its end, the time is lost, and then cards, tools and power come and go. Each of
them moves what the meter knows of the time, or must not.
"""

from collections.abc import Callable
from typing import Final

from meter_emu.laws.hazards.favours import unsure_s
from meter_emu.laws.judged import hazard, promises
from meter_emu.laws.law import Aside, Broken, Finding, Trial, moves
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.registers import upset
from meter_emu.stories.story import with_clock_cards
from meter_emu.stories.times import FIRST_S, Timing
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S, SECOND_US
from meter_emu.world.households.household import DeskOrder
from meter_emu.world.meter.events import What

_WAY_S: Final = 2 * MINUTE_S
_RATES: Final = (2_000, 500, 4_000)
_BEHIND_S: Final = (59, HOUR_S, DAY_S, 30 * DAY_S)
_AHEAD_S: Final = (DAY_S, 20 * DAY_S, HOUR_S)
_DARK_S: Final = (10, 10 * MINUTE_S, 3 * HOUR_S, DAY_S)
_VISITS_MAX: Final = 3
ASKED_S: Final = 10 * MINUTE_S  # ours: after the technician
_ON_US: Final = HOUR_S * SECOND_US  # ours: by then who asked has it, a gas meter's test included


def _check(trial: Trial) -> Finding:
    """Ask what was promised; what a wrong date costs is the fault of its office."""
    orders = [visit.desk for visit in trial.household.visits if visit.desk is not None]
    if all(order.office_error_s <= 0 for order in orders):
        return promises(trial)
    set_us = next((one.at_us for one in trial.household.visits if one.sets_the_clock), None)
    if set_us is None:
        return Aside("another story: no technician comes after the wrong date")
    if orders[0].cut_us is not None:
        return _given_back(trial, set_us + _ON_US, orders[0].cut_us)
    for breach in trial.run.outcome.breaches:
        if breach.from_us < (orders[0].defer_us or 0):
            return Broken(breach.in_words, for_good=True)
    return None


@hazard(
    id="visited-while-lost",
    says="while a meter has lost the time, cards, tools and power that come and go move no T but "
    "that which they name",
    properties=("P6", "P8", "P11"),
    presumes="a technician's card",
    check=_check,
    one_in=20,
    kits=with_clock_cards,
)
def visited_while_lost(draft: Draft, chooser: Chooser) -> None:
    """Draw a household with T1 or T2, a clock that loses the time before it, and who comes then."""
    longest_s = (draft.model.clock.backup_days + 20) * DAY_S
    end_s = max(draft.timing.end_s, FIRST_S + longest_s + 10 * DAY_S)
    armed_s = end_s - (1 + chooser.below(3)) * DAY_S
    draft.timing, draft.first_s = Timing(armed_s, end_s), armed_s - 5 * DAY_S
    if chooser.below(2) == 1 and draft.clock_cards:
        _ahead(draft)
        return
    draft.kind = "visited while the time is lost"
    if chooser.below(3) == 2:
        _defer(draft)
        draft.credit_ends_s = armed_s + HOUR_S + chooser.below(end_s - armed_s)
    else:
        draft.bring(armed_s, draft.arming(end_s, end_s))
        draft.ample_credit = True
    at_s = _lose_time(draft, armed_s + HOUR_S + chooser.below(end_s - armed_s - HOUR_S))
    for _ in range(1 + chooser.below(_VISITS_MAX)):
        near_s = end_s + chooser.around(30) * HOUR_S
        at_s = max(at_s + 5 * MINUTE_S, near_s if chooser.below(2) else at_s + chooser.below(DAY_S))
        at_s = chooser.of(_VISITS)(draft, at_s)
    draft.scroll(max(at_s, end_s) + DAY_S)


def _defer(draft: Draft) -> None:
    until, until_us = draft.minute(draft.timing.end_s)
    draft.bring(draft.timing.armed_s, DeskOrder(defer_until=until, defer_us=until_us))
    draft.rates = _RATES


def _lose_time(draft: Draft, at_s: int) -> int:
    """Take the time away: by an empty capacitor, other registers, or a setting not taken."""
    chooser, clock = draft.chooser, draft.model.clock
    how = chooser.below(3)
    if how == 2 and draft.ample_credit:  # T1 would hold until somebody sets it
        draft.clock_card(at_s, error_s=draft.tool_error_s(), lost=True)
        return at_s
    if how:
        back_s = at_s + (1 + chooser.below(60)) * MINUTE_S
        draft.upset(at_s, back_s, upset(chooser, draft.model, back_s))
        return back_s
    back_s = at_s + (clock.backup_days + 1 + chooser.below(14)) * DAY_S
    draft.outages.append((at_s, back_s))
    return back_s


def _ahead(draft: Draft) -> None:
    """An office's date ends the deferral, a technician gives it back, and then the credit ends.

    Or it ends T1 and T2 at once, and who asks for supply after the technician has it.
    """
    chooser, (armed_s, end_s) = draft.chooser, draft.timing
    draft.kind = "an end that a wrong date let come, and a technician"
    draft.ample_credit = chooser.below(2) == 1
    if draft.ample_credit:
        draft.bring(armed_s, draft.arming(end_s, end_s))
    else:
        _defer(draft)
    back_s = armed_s + (1 + chooser.below(12)) * HOUR_S
    draft.upset(back_s - 5 * MINUTE_S, back_s, upset(chooser, draft.model, back_s))
    ahead_s = end_s - back_s + chooser.of(_AHEAD_S) + 2 * unsure_s(draft.model)
    draft.office(back_s + HOUR_S, DeskOrder(prepayment=True, office_error_s=ahead_s))
    draft.insert(back_s + HOUR_S + _WAY_S)
    set_s = back_s + (2 + chooser.below(4)) * HOUR_S
    draft.technician(set_s, draft.tool_error_s())
    if draft.ample_credit:
        draft.ask_supply(set_s + ASKED_S)
    draft.credit_ends_s = set_s + HOUR_S + chooser.below(max(1, end_s - set_s - HOUR_S))
    draft.scroll(end_s + DAY_S)


def _brought(draft: Draft, at_s: int, order: DeskOrder) -> int:
    draft.office(at_s, order)
    draft.insert(at_s + _WAY_S)
    return at_s + _WAY_S


def _reactivated(draft: Draft, at_s: int) -> int:
    """The reactivation, written at once, or before the time was lost and put in late."""
    order = DeskOrder(reactivate=True)
    if draft.chooser.below(2):
        return _brought(draft, at_s, order)
    draft.office(max(draft.first_s, draft.timing.armed_s + 30 * MINUTE_S), order)
    draft.insert(at_s)
    return at_s


def _armed(draft: Draft, at_s: int) -> int:
    later_s = max(draft.timing.end_s, at_s) + draft.chooser.of((HOUR_S, DAY_S, 3 * DAY_S))
    return _brought(draft, at_s, draft.arming(later_s, later_s))


def _behind(draft: Draft, at_s: int) -> int:
    error_s = -draft.chooser.of(_BEHIND_S)
    return _brought(draft, at_s, DeskOrder(load_cents=500, office_error_s=error_s))


def _older_card(draft: Draft, at_s: int) -> int:
    """A card that the office wrote before the time was lost is put in now."""
    draft.office(draft.timing.armed_s + 40 * MINUTE_S, DeskOrder(load_cents=500))
    draft.insert(at_s)
    return at_s


def _shown(draft: Draft, at_s: int) -> int:
    draft.insert(at_s)
    return at_s


def _tool(draft: Draft, at_s: int) -> int:
    draft.technician(at_s, draft.tool_error_s())
    return at_s


def _lost_tool(draft: Draft, at_s: int) -> int:
    draft.clock_card(at_s, error_s=draft.tool_error_s(), lost=draft.ample_credit)
    return at_s


def _dark(draft: Draft, at_s: int) -> int:
    back_s = at_s + draft.chooser.of(_DARK_S)
    draft.outages.append((at_s, back_s))
    return back_s


_VISITS: Final[tuple[Callable[[Draft, int], int], ...]] = (
    *(_reactivated,) * 3,
    *(_older_card, _dark) * 2,
    *(_tool, _lost_tool, _armed, _behind, _shown),
)


def _given_back(trial: Trial, by_us: int, cut_us: int) -> Finding:
    """Check that who was cut by a wrong date alone, and asks, has supply again."""
    switched = (What.OPENED, What.CLOSED)
    on = [what for us, what in moves(trial.run.events) if us < by_us and what in switched]
    if by_us < cut_us and on[-1:] == [What.OPENED] and not trial.household.careless:
        return Broken("a clock that was set right gives nothing back")
    return None
