"""Events after a moment do not alter anything seen before it."""

from dataclasses import replace

from meter_emu.laws.compared import first_difference
from meter_emu.laws.judged import law_of_stories
from meter_emu.laws.law import Finding, Trial
from meter_emu.world.meter.events import Event


@law_of_stories(id="no-look-ahead", properties=("P14",), one_in=40)
def no_look_ahead(trial: Trial) -> Finding:
    """What comes later alters nothing that was seen before."""
    campaign, household = trial.campaign, trial.household
    part = campaign.seed % 7 + 1
    until_us = campaign.start_us + (campaign.end_us - campaign.start_us) * part // 8
    before = replace(
        household,
        visits=tuple(visit for visit in household.visits if visit.at_us < until_us),
        outages=tuple(outage for outage in household.outages if outage[0] < until_us),
    )
    was = _before(trial.run.events, until_us)
    now = _before(trial.events(before, replace(campaign, end_us=until_us)), until_us)
    return first_difference(was, now, "where the future differs", trial.campaign.zone)


def _before(events: list[Event], us: int) -> list[Event]:
    return [event for event in events if event.at_us < us]
