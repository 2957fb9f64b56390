"""What a story was about, read off its campaign."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from meter_emu.resources import built_in
from meter_emu.verify.met import met
from meter_emu.world.rehearsal.campaign import load_campaign


def instant_us(when: datetime) -> int:
    return int(when.timestamp()) * 1_000_000


@pytest.mark.slow("reads a campaign")
def test_a_leap_day_is_met_in_the_years_that_have_one():
    campaign = load_campaign(built_in("campaigns")["leap-day-2000"])
    for year in range(2000, 2131):
        for months in ((1, 4), (3, 12)):
            begin, end = (datetime(year, month, 2, tzinfo=UTC) for month in months)
            days = ((begin + timedelta(nth)).date() for nth in range((end - begin).days))
            has = any((day.month, day.day) == (2, 29) for day in days)
            life = replace(campaign, start_us=instant_us(begin), end_us=instant_us(end))
            assert ("leap day" in met(life)) == has, year
