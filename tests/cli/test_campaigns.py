"""Every campaign we ship: as promised with the reference; one with an end, not with a day lost."""

import pytest

from meter_emu.resources import built_in
from meter_emu.units import DAY_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.knowledge import clock_beyond_us
from meter_emu.world.judge.verdict import expected, judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.model import load_model
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.campaigns import of_tokens
from tests.cells import each_cell

CAMPAIGNS = built_in("campaigns")
MODELS = {name: load_model(path) for name, path in built_in("meters").items()}


def announced() -> list[str]:
    return [
        name
        for name, path in CAMPAIGNS.items()
        if any(one.name is None for one in load_campaign(path).announced)
    ]


def one_of_each(campaign: Campaign) -> list[Household]:
    """Return the first home of every entry: a fleet is many copies of a few."""
    households = campaign.households
    return [entry.household(1, households.seed) for entry in households.entries]


@pytest.mark.slow("rehearses whole campaigns")
@each_cell("name", CAMPAIGNS, short=2)
def test_with_the_reference_every_household_fares_as_promised(name):
    campaign = load_campaign(CAMPAIGNS[name])
    for household in one_of_each(campaign):
        outcome = judge(household, campaign, run_meter(household, campaign))
        assert expected(outcome, household), outcome
        said = outcome.wrong_display is not None
        assert said is (household.id == "forged-token-obeyed"), outcome


def energies(campaign: Campaign) -> set[str]:
    return {entry.first.model.energy for entry in campaign.households.entries}


OF_COUNTERS = {
    *("counter-2041", "counters-2036", "full-counts"),
    *("leap-day-2000", "new-year-2022", "new-year-2069"),
}
OF_DATES = {"clock-changes", "leap-and-new-year", "thirties", *OF_COUNTERS}  # homes of their own


def on_others() -> list[tuple[str, str]]:
    """Return each campaign that is not about dates alone with each model it has meters for."""
    return [
        (name, model)
        for name, path in CAMPAIGNS.items()
        if name not in OF_DATES | of_tokens()
        for found in [energies(load_campaign(path))]
        for model, meter in MODELS.items()
        if meter.energy in found
    ]


@pytest.mark.slow("rehearses whole campaigns")
@each_cell(("name", "model"), on_others, short=1)
def test_with_every_home_of_an_energy_on_one_model_it_fares_as_promised(name, model):
    """What "every model" means: docs/campaign-file.md."""
    campaign = load_campaign(CAMPAIGNS[name], model=model)
    households = [
        household
        for household in one_of_each(campaign)
        if household.model.energy == MODELS[model].energy
    ]
    assert households
    for household in households:
        assert (household.model_name, household.model) == (model, MODELS[model])
        assert clock_beyond_us(household, campaign.end_us) is None
        outcome = judge(household, campaign, run_meter(household, campaign))
        assert expected(outcome, household), outcome
        assert outcome.wrong_display is None, outcome


def test_every_model_has_its_turn_and_the_fleet_and_counters_have_no_gas():
    assert {model for _, model in on_others()} == set(MODELS)
    both = {meter.energy for meter in MODELS.values()}
    shown = {name: energies(load_campaign(path)) for name, path in CAMPAIGNS.items()}
    no_gas = {name for name, kinds in shown.items() if kinds == {"electricity"}}
    assert no_gas == {"ores-fleet", *OF_COUNTERS, *of_tokens()}
    assert all(kinds == both for name, kinds in shown.items() if name not in no_gas)


@each_cell("model", MODELS)
def test_on_every_model_a_lost_day_is_seen(model):
    campaign = load_campaign(
        CAMPAIGNS["resa-2020-06"], model=model, build="reference+end-exclusive"
    )
    name = "gas-never-back" if MODELS[model].energy == "gas" else "never-back"
    (household,) = [household for household in one_of_each(campaign) if household.id == name]
    assert judge(household, campaign, run_meter(household, campaign)).verdict is Verdict.EARLY


def test_the_campaigns_of_2020_announce_an_end_and_the_others_none():
    assert set(CAMPAIGNS) - set(announced()) == {"winter", *OF_DATES, *of_tokens()}


@pytest.mark.slow("rehearses whole campaigns")
@each_cell("name", announced, short=1)
def test_with_an_end_taken_as_exclusive_homes_go_dark_the_evening_before(name):
    campaign = load_campaign(CAMPAIGNS[name], build="reference+end-exclusive")
    outcomes = [
        judge(household, campaign, run_meter(household, campaign))
        for household in one_of_each(campaign)
    ]
    early = [outcome for outcome in outcomes if outcome.verdict is Verdict.EARLY]
    assert len(early) >= 5
    for outcome in early:
        assert outcome.cut_us is not None
        assert outcome.ordered_us is not None
        late_us = outcome.cut_us - (outcome.ordered_us - DAY_US)
        assert 0 <= late_us < DAY_US // 12  # u, and an hourly poll
