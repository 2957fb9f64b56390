"""What an evening has in it, read off the campaign: much, close together, and near its T."""

from collections import Counter

import pytest

from meter_emu.stories.around_t import around_t
from meter_emu.stories.chooser import Replayed, seeded
from meter_emu.stories.story import models
from meter_emu.units import HOUR_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import VisitKind
from meter_emu.world.meter.acts import Press
from tests.stories.rates import at, credit_end, wanted

COUNT = 2_000
# At least so many of all evenings, before the four standard errors.
FLOORS = {
    "a load": 0.18,
    "a reactivation": 0.18,
    "prepayment or limiter": 0.16,
    "another tariff": 0.18,
    "a new card": 0.18,
    "a button": 0.35,
    "three sessions and more": 0.45,
    "an outage": 0.30,
    "credit ends in it": 0.35,
    "over midnight": 0.35,
    "a change of clocks in it": 0.09,
    "memory card": 0.15,
}
KIT_FLOOR = 0.03


def facts(campaign: Campaign) -> set[str]:
    (household,) = campaign.households
    orders = [visit.desk for visit in household.visits if visit.desk is not None]
    sessions = [visit for visit in household.visits if visit.kind is VisitKind.INSERT]
    first, last = at(campaign.start_us), at(campaign.end_us)
    ends = credit_end(household, campaign.start_us)
    holds = {
        f"{household.model_name} in {household.model.rtc_base}": True,
        "a load": any(order.load_cents for order in orders),
        "a reactivation": any(order.reactivate for order in orders),
        "prepayment or limiter": any(
            order.prepayment is not None or order.limiter is not None for order in orders
        ),
        "another tariff": any(order.tariff is not None for order in orders),
        "a new card": any(order.new_card is not None for order in orders),
        "a button": any(isinstance(visit.act, Press) for visit in household.visits),
        "three sessions and more": len(sessions) >= 3,
        "an outage": bool(household.outages),
        "credit ends in it": ends is not None and first <= ends <= last,
        "over midnight": first.date() != last.date(),
        "a change of clocks in it": first.utcoffset() != last.utcoffset(),
        "memory card": household.carrier.name == "MEMORY",
    }
    return {name for name, held in holds.items() if held}


@pytest.mark.slow("draws many stories")
def test_much_happens_in_an_evening():
    drawn = [around_t(seeded(seed)) for seed in range(COUNT)]
    found = Counter(fact for campaign in drawn for fact in facts(campaign))
    too_few = {
        name: found[name] / COUNT
        for name, floor in FLOORS.items()
        if found[name] < wanted(floor, COUNT)
    }
    assert not too_few, found
    assert min(found[f"{name} in {m.rtc_base}"] for name, m, _, _ in models()) >= KIT_FLOOR * COUNT
    longest_us = max(campaign.end_us - campaign.start_us for campaign in drawn)
    assert longest_us <= 12 * HOUR_US, "every poll of it is run"
    assert len({campaign.households for campaign in drawn}) >= 0.95 * COUNT


def test_the_simplest_is_a_home_that_is_armed_and_cut():
    (household,) = around_t(Replayed([])).households
    assert household.kind == "never came back"
    assert len(household.visits) == 2
    assert household.outages == ()
