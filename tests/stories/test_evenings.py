"""What an evening has in it, read off the campaign: much, close together, and near its T."""

from collections import Counter

from meter_emu.stories.chooser import Replayed, seeded
from meter_emu.stories.evening import evening
from meter_emu.stories.story import models
from meter_emu.units import HOUR_US
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import VisitKind
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
    (home,) = campaign.households
    orders = [visit.desk for visit in home.visits if visit.desk is not None]
    sessions = [visit for visit in home.visits if visit.kind is VisitKind.INSERT]
    first, last = at(campaign.start_us), at(campaign.end_us)
    ends = credit_end(home, campaign.start_us)
    holds = {
        f"{home.model_name} in {home.model.rtc_base}": True,
        "a load": any(order.load_cents for order in orders),
        "a reactivation": any(order.reactivate for order in orders),
        "prepayment or limiter": any(
            order.prepayment is not None or order.limiter is not None for order in orders
        ),
        "another tariff": any(order.tariff is not None for order in orders),
        "a new card": any(order.new_card is not None for order in orders),
        "a button": any(visit.kind in {VisitKind.PRESS, VisitKind.HOLD} for visit in home.visits),
        "three sessions and more": len(sessions) >= 3,
        "an outage": bool(home.outages),
        "credit ends in it": ends is not None and first <= ends <= last,
        "over midnight": first.date() != last.date(),
        "a change of clocks in it": first.utcoffset() != last.utcoffset(),
        "memory card": home.carrier.name == "MEMORY",
    }
    return {name for name, held in holds.items() if held}


def test_much_happens_in_an_evening():
    drawn = [evening(seeded(seed)) for seed in range(COUNT)]
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
    (home,) = evening(Replayed([])).households
    assert home.kind == "never came back"
    assert len(home.visits) == 2
    assert home.outages == ()
