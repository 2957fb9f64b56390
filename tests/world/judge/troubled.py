"""Stories with causes of doubt near cards, steps of legal time and each other.

Power fails around a card, a technician's visit, a change of clocks or another failure: a fraction
of a second from it, seconds, minutes or hours, for seconds to weeks. Some offices are ahead.
"""

from collections import Counter
from dataclasses import replace
from random import Random

from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import story
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Entry, Household, Households, Visit, VisitKind
from meter_emu.world.meter.times import us_to_legal

NEAR_US = (200_000, SECOND_US, 20 * SECOND_US, 70 * SECOND_US, 10 * MINUTE_US, 3 * HOUR_US)
LONG_US = (5 * SECOND_US, 40 * SECOND_US, 10 * MINUTE_US, 5 * HOUR_US, 3 * DAY_US, 41 * DAY_US)
CARDS = {VisitKind.INSERT, VisitKind.CLOCK_CARD, VisitKind.COPY, VisitKind.OLD_CARD}


def steps_us(campaign: Campaign) -> list[int]:
    """Return the changes of legal time in a story, hour by hour."""
    hours = range(campaign.start_us // HOUR_US + 1, campaign.end_us // HOUR_US)
    offsets = [us_to_legal(hour * HOUR_US, campaign.zone).utcoffset() for hour in hours]
    return [
        hour * HOUR_US
        for hour, now, before in zip(hours[1:], offsets[1:], offsets, strict=False)
        if now != before
    ]


def troubled(seed: int, came: Counter[str] | None = None) -> Campaign:
    """Return a story with one to four outages of its own, and count what they are near."""
    chance = Random(seed)
    campaign = story(seeded(seed))
    (household,) = campaign.households
    visits = tuple(_late(visit, chance) for visit in household.visits)
    cards_us = [visit.at_us for visit in visits if visit.kind in CARDS]
    outages: list[tuple[int, int]] = []
    for _ in range(1 + chance.randrange(4)):
        places = {"card": cards_us, "step": steps_us(campaign)}
        places["outage"] = [us for outage in outages for us in outage]
        near = chance.choice([name for name in places if places[name]] or ["anywhere"])
        at_us = chance.choice(places.get(near) or [chance.randrange(*_span(campaign))])
        lost_us = at_us + chance.choice((-1, 1)) * chance.randrange(chance.choice(NEAR_US))
        back_us = lost_us + 1 + chance.randrange(chance.choice(LONG_US))
        apart = all(back_us < lost or back < lost_us for lost, back in outages)
        if apart and _span(campaign)[0] < lost_us and back_us < _span(campaign)[1]:
            outages.append((lost_us, back_us))
            if came is not None:
                came[near] += 1
    changed = replace(household, visits=visits, outages=tuple(sorted(outages)), rtc_found=())
    return replace(campaign, households=Households((_alone(changed),), campaign.seed))


def _alone(household: Household) -> Entry:
    return Entry(first=replace(household, poll_phase_us=0), count=1,
                 poll_phase_us=household.poll_phase_us)  # fmt: skip


def _span(campaign: Campaign) -> tuple[int, int]:
    return campaign.start_us + MINUTE_US, campaign.end_us - MINUTE_US


def _late(visit: Visit, chance: Random) -> Visit:
    """Let some offices be ahead, by minutes to days."""
    if visit.desk is None or chance.randrange(12):
        return visit
    ahead_s = chance.choice((-600, 300, 840, 1_000, 1_300, 5_000, 90_000, 20 * 86_400))
    return replace(visit, desk=replace(visit.desk, office_error_s=ahead_s))
