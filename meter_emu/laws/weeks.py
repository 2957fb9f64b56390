"""Whole weeks later at the same offset from UTC, every event is as many weeks later."""

from typing import Final

from meter_emu.laws.compared import same_later
from meter_emu.laws.judged import law_of_stories
from meter_emu.laws.law import Aside, Finding, Trial
from meter_emu.stories.boundaries import changes, offset_s
from meter_emu.units import DAY_US, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.meter.times import END_US
from meter_emu.zones import TimeZone

_DAY_S: Final = DAY_US // SECOND_US
_WEEK_S: Final = 7 * _DAY_S
_WEEKS: Final = 60  # ours: a little over a year: the same season comes again


@law_of_stories(
    id="weeks",
    properties=("P3", "P12"),
    presumes="no change of clocks within the story",
    one_in=40,
)
def weeks(trial: Trial) -> Finding:
    """The same story some weeks later, at the same offset from UTC, goes the same way."""
    by_us = _by_us(trial.campaign)
    if by_us is None:
        return Aside("a change of clocks within the story")
    return same_later(trial, by_us, "some weeks")


def _by_us(campaign: Campaign) -> int | None:
    """Return the weeks by which the story can move to the same season, `None` if it cannot."""
    (household,) = campaign.households
    ends_us = [
        visit.desk.cut_us or visit.desk.defer_us or 0 for visit in household.visits if visit.desk
    ]
    first_s = campaign.start_us // SECOND_US
    last_s = max([campaign.end_us, *ends_us]) // SECOND_US  # what is ordered may end later
    zone = campaign.zone
    if _changing(zone, first_s, last_s):
        return None
    for nth in range(_WEEKS):
        by_s = (1 + (campaign.seed + nth) % _WEEKS) * _WEEK_S
        there = (first_s + by_s, last_s + by_s)
        same = offset_s(zone.info, first_s) == offset_s(zone.info, there[0])
        if same and not _changing(zone, *there) and there[1] < END_US // SECOND_US - _DAY_S:
            return by_s * SECOND_US
    return None


def _changing(zone: TimeZone, first_s: int, last_s: int) -> bool:
    """Whether clocks change within a day of the span."""
    seen = changes(zone.info, 2000, 2099)
    return any(first_s - _DAY_S <= change.at_s <= last_s + _DAY_S for change in seen)
