"""Random homes that buy energy by STS tokens: program, judge and an oracle of dates agree.

Tokens are keyed in late, twice, out of order, mistyped and on another's meter; keys change, in
halves, across the ends of base dates; power fails, between halves too. The gate lives some homes;
`make test-sts` lives 2,000 of 80 tokens.
"""

import os
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from card_protocol.tokens.sts.codec import decode_sts
from card_protocol.tokens.sts.fields import StsCredit
from card_protocol.tokens.sts.tid import BaseDate
from meter_emu.world.households.ledger import NO_TYPO, TypedToken
from meter_emu.world.households.sts_ledger import StsSale, vended
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.devices import decoder_key, first_key
from meter_emu.world.meter.events import What
from meter_emu.world.rehearsal.engine import run_meter
from tests.world.judge.sts_homes import (
    METER_ID,
    Entered,
    Era,
    Home,
    campaign_of_home,
    differences,
    drawn,
    model_of,
    us,
)

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
            for by_us in (-3_600_000_000, 3_600_000_000):
                moved = replace(off, at_us=off.at_us + by_us)
                low, high = sorted((moved.at_us, off.at_us))
                if any(low < e.at_us <= high for e in events if e is not off):
                    continue
                if any(abs(e.at_us - low) < 120_000_000 for e in events if e is not off):
                    continue
                other = sorted(
                    [moved if one is off else one for one in events], key=lambda one: one.at_us
                )
                assert differences(home, other), (seed, number, by_us)
                assert judge(household, campaign, other).breaches, (seed, number, by_us)
                seen += 1
    assert seen


def test_a_token_under_another_key_may_be_one_of_this_key_by_chance() -> None:
    """One in some 65,536 is, as its CRC has 16 bits: this one of 8.2 kWh is of 54,552.4 kWh."""
    start = datetime(2024, 3, 1, 8, tzinfo=UTC)
    era = Era("sts-2014", start, start, BaseDate.Y2014)
    own = first_key(model_of(era.model).sts)  # type: ignore[arg-type]
    sale = StsSale(
        id="a",
        household="home",
        sold_us=us(start + timedelta(minutes=2)),
        wh=8_200,
        under=replace(own, revision=3),
    )
    (token,) = vended([sale], model_of(era.model))
    entry = Entered(start + timedelta(hours=1), token, NO_TYPO, own=True)
    home = Home(era, [token], [entry], [], load_w=1_000, credit_wh=0)
    record = decode_sts(
        TypedToken(token=token).digits(home.model, METER_ID),
        decoder_key(home.model, METER_ID, own),
    )
    assert isinstance(record, StsCredit)
    assert record.amount == 545_524
    household = home.household()
    campaign = campaign_of_home(household, home)
    events = run_meter(household, campaign)
    assert any(event.what is What.CLOSED for event in events)
    outcome = judge(household, campaign, events)
    assert (outcome.verdict, outcome.findings) == (Verdict.KEPT, ())
