"""Random homes that buy energy by STS tokens: program, judge and an oracle of dates agree.

Tokens are keyed in late, twice, out of order, mistyped and on another's meter; keys change, in
halves, across the ends of base dates; power fails, between halves too. The gate lives some homes;
`make test-sts` lives 2,000 of 80 tokens.
"""

import os
import random
from dataclasses import replace

import pytest

from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.events import What
from meter_emu.world.rehearsal.engine import run_meter
from tests.world.judge.sts_homes import campaign_of_home, differences, drawn

HOMES = int(os.environ.get("METER_EMU_STS", "12"))


@pytest.mark.slow("homes over four months each")
def test_a_right_meter_is_right_by_dates_and_by_the_judge() -> None:
    seed = random.getrandbits(32)  # by the seed of the run
    for number in range(HOMES):
        home = drawn(number, seed)
        household = home.household()
        campaign = campaign_of_home(household, home)
        events = run_meter(household, campaign)
        assert not differences(home, events), (seed, number)
        outcome = judge(household, campaign, events)
        assert (outcome.verdict, outcome.findings) == (Verdict.KEPT, ()), (seed, number, outcome)


@pytest.mark.slow("homes over four months each")
def test_supply_that_is_moved_by_an_hour_is_seen_by_both() -> None:
    """A log in which supply goes an hour too early, or too late, is right by neither."""
    seen, seed = 0, random.getrandbits(32)
    for number in range(8):
        home = drawn(number, seed)
        household = home.household()
        campaign = campaign_of_home(household, home)
        events = run_meter(household, campaign)
        for off in [e for e in events if e.what is What.OPENED][3:5]:
            for us in (-3_600_000_000, 3_600_000_000):
                moved = replace(off, at_us=off.at_us + us)
                low, high = sorted((moved.at_us, off.at_us))
                if any(low < e.at_us <= high for e in events if e is not off):
                    continue
                if any(abs(e.at_us - low) < 120_000_000 for e in events if e is not off):
                    continue
                other = sorted(
                    [moved if one is off else one for one in events], key=lambda one: one.at_us
                )
                assert differences(home, other), (seed, number, us)
                assert judge(household, campaign, other).breaches, (seed, number, us)
                seen += 1
    assert seen
