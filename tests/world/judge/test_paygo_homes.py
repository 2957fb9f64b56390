"""Random homes that pay by the day: program, judge and an oracle of dates agree.

Tokens are keyed in late, twice, out of order, mistyped and on another's device; power fails, for
longer than the clock's reserve too. The gate lives some homes; `make test-paygo` lives 10,000.
"""

import os
import random
from dataclasses import replace

import pytest

from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.events import What
from meter_emu.world.rehearsal.engine import run_meter
from tests.cells import few
from tests.world.judge.paygo_homes import campaign_of_home, differences, drawn
from tests.world.judge.paygo_light import light, unlike

HOMES = int(os.environ.get("METER_EMU_PAYGO", few(40, short=14)))


@pytest.mark.slow("homes over a month each")
def test_a_right_device_is_right_by_dates_and_by_the_judge() -> None:
    seed = random.getrandbits(32)  # by the seed of the run
    for number in range(HOMES):
        home = drawn(number, seed)
        household = home.household()
        campaign = campaign_of_home(household)
        events = run_meter(household, campaign)
        outcome = judge(household, campaign, events)
        assert not differences(home, events), (seed, number)
        assert (outcome.verdict, outcome.findings) == (Verdict.KEPT, ()), (seed, number, outcome)
        assert not unlike(light(home, events), outcome.lived), (seed, number, outcome.lived)


@pytest.mark.slow("homes over a month each")
def test_supply_that_is_moved_by_hours_is_seen_by_both() -> None:
    """A log in which supply goes hours too early, or too late, is right by neither."""
    seen, seed = 0, random.getrandbits(32)
    for number in range(12):
        home = drawn(number, seed)
        household = home.household()
        campaign = campaign_of_home(household)
        events = run_meter(household, campaign)
        offs = [e for e in events if e.what is What.OPENED and e.at_us > campaign.start_us + 10**8]
        if not offs:
            continue
        for hours in (-2, 2):
            moved = replace(offs[0], at_us=offs[0].at_us + hours * 3_600_000_000)
            between = [
                one
                for one in events
                if one is not offs[0]
                and min(moved.at_us, offs[0].at_us) < one.at_us <= max(moved.at_us, offs[0].at_us)
            ]
            doubted = any(one.what is What.POWER_LOST for one in events)
            if between or doubted or moved.at_us >= campaign.end_us:
                continue
            other = sorted(
                [moved if one is offs[0] else one for one in events], key=lambda one: one.at_us
            )
            assert differences(home, other), (seed, number, hours)
            assert judge(household, campaign, other).breaches, (seed, number, hours)
            seen += 1
    assert seen
