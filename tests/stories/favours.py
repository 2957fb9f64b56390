"""What is found in the stories of the two laws of favours."""

from collections.abc import Callable

from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from tests.stories.rates import at, credit_end

SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
DAY_US = 24 * HOUR_US


def beyond_the_reserve(household: Household) -> bool:
    reserve_us = household.model.clock.backup_days * DAY_US
    return any(back - lost > reserve_us for lost, back in household.outages)


def shelter(campaign: Campaign, household: Household) -> set[str]:
    found = set()
    long = [at(lost) for lost, back in household.outages if back - lost >= 8 * HOUR_US]
    if len([lost for lost in long if lost.hour < 8 and lost.weekday() < 5]) >= 4:
        found.add("no power in office hours")
    short = [lost for lost, back in household.outages if back - lost < 60 * SECOND_US]
    if len(short) > 60 and short[-1] - short[0] <= 2 * HOUR_US:
        found.add("flicker within a minute")
    if beyond_the_reserve(household):
        found.add("no power until the clock is lost")
        found |= {"power that fails again"} if len(household.outages) > 5 else set()
    orders = [visit for visit in household.visits if visit.desk is not None]
    if any(visit.desk and visit.desk.office_error_s >= 1_200 for visit in orders):
        found.add("an office that is 20 minutes ahead")
    if household.limiter:
        found.add("a granted limiter")
    end = credit_end(household, campaign.start_us)
    price = household.model.credit.price_ueur_per_wh
    for visit in household.visits:
        tariff = visit.desk.tariff if visit.desk else None
        cheaper = tariff is not None and tariff.price_ueur_per_wh < price
        if cheaper and end is not None and at(visit.at_us) > end:
            found.add("a lower price below zero")
    return found


def doubt(campaign: Campaign, household: Household) -> set[str]:
    orders = [visit.desk for visit in household.visits if visit.desk is not None]
    if any(order.office_error_s >= 3_600 for order in orders):
        return set() if household.outages else {"disputed"}
    by_a_setting = any(visit.lost for visit in household.visits)
    if not (beyond_the_reserve(household) or by_a_setting):
        return set()
    found = {"by a setting"} if by_a_setting else set()
    found |= {"T2" if orders[-1].cut_us else "T1, and credit that ends after it"}
    return found | ({"more failures"} if len(household.outages) > 1 else set())


def visited(campaign: Campaign, household: Household) -> set[str]:
    orders = [visit for visit in household.visits if visit.desk is not None]
    found = {"T2" if orders[0].desk and orders[0].desk.cut_us else "T1"}
    if any(visit.desk and visit.desk.office_error_s > 0 for visit in orders):
        found.add("a wrong date, then a technician")
    if any(visit.desk and visit.desk.office_error_s < 0 for visit in orders):
        found.add("an office that is behind")
    if any(visit.desk and visit.desk.reactivate for visit in orders):
        found.add("a reactivation")
    ways = (beyond_the_reserve(household), bool(household.rtc_found))
    lost = any(visit.lost for visit in household.visits)
    names = ("by the reserve", "by other registers", "by a setting")
    return found | {name for name, there in zip(names, (*ways, lost), strict=True) if there}


def ahead(campaign: Campaign, household: Household) -> set[str]:
    order, heard, tool, again = household.visits
    if order.desk is None or order.desk.office_error_s < 1_200 or not tool.sets_the_clock:
        return set()
    (outage,) = household.outages
    found = {"a clock lost before" if outage[1] < heard.at_us else "no power after it was set"}
    found.add("T1 and T2" if order.desk.cut_us else "a load")
    assert tool.at_us < again.at_us, "the same card once more"
    return found | ({"days ahead"} if order.desk.office_error_s * SECOND_US > DAY_US else set())


FAVOURS: dict[str, tuple[Callable[[Campaign, Household], set[str]], set[str]]] = {
    "shelter-has-an-end": (
        shelter,
        {
            "no power in office hours",
            "flicker within a minute",
            "no power until the clock is lost",
            "power that fails again",
            "an office that is 20 minutes ahead",
            "a lower price below zero",
            "a granted limiter",
        },
    ),
    "doubt-has-an-end": (
        doubt,
        {"T2", "T1, and credit that ends after it", "more failures", "disputed", "by a setting"},
    ),
    "visited-while-lost": (
        visited,
        {
            "T1",
            "T2",
            "a wrong date, then a technician",
            "an office that is behind",
            "a reactivation",
            "by the reserve",
            "by other registers",
            "by a setting",
        },
    ),
    "stamp-ahead": (
        ahead,
        {"a clock lost before", "no power after it was set", "a load", "T1 and T2", "days ahead"},
    ),
}
