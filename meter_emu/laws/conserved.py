"""Money is conserved to the smallest unit: what was loaded is in the meter or was used.

It holds for each household, hence for a fleet. Between two write-backs: balance = balance before +
accepted since - energy charged since, at its price.
"""

from itertools import pairwise
from typing import Final

from meter_emu.domain import Result
from meter_emu.laws.judged import law_of_stories
from meter_emu.laws.law import Aside, Broken, Finding, Trial
from meter_emu.units import UEUR_PER_CENT
from meter_emu.world.households.household import Household
from meter_emu.world.meter.events import What, WrittenBack


@law_of_stories(
    id="conserved",
    properties=("P10",),
    presumes="one tariff, no emergency credit, a card that says what was charged",
)
def conserved(trial: Trial) -> Finding:
    """What was loaded is in the meter or was used, to the smallest unit."""
    household = trial.household
    ends_us = [visit.at_us for visit in household.visits if visit.desk and visit.desk.tariff]
    if household.image is not None:
        return Aside("an account that nobody knows")
    asked_us = [event.at_us for event in trial.run.events if event.what in _PRESSED]
    until_us = min([*ends_us, *asked_us, trial.campaign.end_us])
    seen = [
        event.written
        for event in trial.run.events
        if event.what is What.CARD_SERVED and event.at_us < until_us
    ]
    age = household.age
    known = [age.since(written) for written in seen if written and written.charged_wh is not None]
    if not known:
        return Aside("no card came back that says what was charged")
    started = WrittenBack(
        balance_ueur=household.balance_cents * UEUR_PER_CENT,
        accepted_cents=age.loaded_cents,
        accepted_count=age.load_count,
        charged_wh=0,
        deferred_wh=0,
        postpaid_wh=0,
        night_wh=0,
        charged_night_wh=0,
        order_number=age.order_number,
        result=Result.NONE,
    )
    for before, after in pairwise([started, *known]):
        lost_ueur = _missing_ueur(household, before, after)
        if lost_ueur:
            return Broken(f"{lost_ueur} micro-euro are neither in the meter nor used")
    issued_cents = age.loaded_cents
    issued_cents += sum(visit.desk.load_cents for visit in household.visits if visit.desk)
    if known[-1].accepted_cents > issued_cents:
        return Broken("more was accepted than the office had loaded")
    return None


_PRESSED: Final = frozenset({What.KEY_PRESSED, What.KEY_HELD})  # emergency credit, perhaps


def _missing_ueur(household: Household, before: WrittenBack, after: WrittenBack) -> int:
    """Return the amount missing between two write-backs: neither left nor charged."""
    loaded_cents = after.accepted_cents - before.accepted_cents
    used_ueur = _cost_ueur(household, after) - _cost_ueur(household, before)
    return before.balance_ueur + loaded_cents * UEUR_PER_CENT - used_ueur - after.balance_ueur


def _cost_ueur(household: Household, written: WrittenBack) -> int:
    """Return the cost of all energy charged so far, at the household's one or two prices."""
    charged_wh, night_wh = written.charged_wh, written.charged_night_wh
    assert charged_wh is not None, "only such are compared"
    assert night_wh is not None, "what carries the one carries the other"
    pricing = household.model.credit.pricing
    day_ueur = (charged_wh - night_wh) * pricing.price_ueur_per_wh
    return day_ueur + night_wh * pricing.night_price_ueur_per_wh
