"""Money is conserved to the smallest unit across desk, card and meter, cuts and tears included."""

from hypothesis import given
from hypothesis import strategies as st

from card_protocol.carrier.laid_open import laid_open
from card_protocol.keys import Purpose, derive
from meter_emu.desk.bench_key import BENCH_MASTER_KEY
from meter_emu.desk.desk import Work
from tests.properties.lab import DAY_US, HOUR_US, METER_ID, SECOND_US, Lab, Setting
from tests.properties.stories import Story, kits, live, stories

UEUR_PER_CENT = 10_000


def wallet_cents(lab: Lab) -> int:
    key = derive(BENCH_MASTER_KEY, Purpose.DESK_RECORD, METER_ID)
    return laid_open(lab.card.image).contents(key).wallet.loaded_cents


def balance_law(lab: Lab) -> None:
    """issued = on cards beyond what the meter accepted + in the meter + consumed."""
    state = lab.state()
    issued = wallet_cents(lab) * UEUR_PER_CENT
    on_card = (wallet_cents(lab) - state.accepted_cents) * UEUR_PER_CENT
    in_meter = state.balance_ueur - state.emergency_debt_ueur
    started = lab.setting.balance_cents * UEUR_PER_CENT
    assert issued == on_card + in_meter - started + state.charged_ueur
    assert on_card >= 0
    pending_units = lab.board.metrology.read_units(lab.board.now_us) - state.booked_units
    assert pending_units >= 0
    booked_units = state.charged_wh + state.deferred_wh + state.postpaid_wh
    factor = lab.setting.model.credit.mwh_per_unit
    assert state.booked_units * factor == booked_units * 1000 + state.remainder_mwh
    assert 0 <= state.remainder_mwh < 1000


@given(stories())
def test_money_is_conserved_whatever_happens(story: Story):
    lab = live(story, between=balance_law)
    balance_law(lab)


@given(
    st.integers(0, 3 * SECOND_US),
    st.integers(0, 2**16),
    st.integers(500, 25_000),
    kits(),
)
def test_a_load_is_booked_exactly_once_wherever_the_session_is_cut(cut_us, seed, cents, kit):
    start_us = 1_583_000_000 * SECOND_US
    at_us = start_us + HOUR_US
    outage = (at_us + cut_us, at_us + cut_us + HOUR_US)
    setting = Setting(
        start_us=start_us, clock_set_us=start_us, outages=[outage], seed=seed, **kit._asdict()
    )
    lab = Lab(setting)
    lab.write(Work(load_cents=cents))
    lab.bench.run_until(at_us)
    lab.bench.insert(lab.card)  # and it stays in across the cut
    balance_law(lab)
    lab.bench.run_until(at_us + DAY_US)
    lab.bench.remove()
    lab.insert()
    balance_law(lab)
    assert lab.state().accepted_cents == cents
    assert lab.state().accepted_count == 1


@given(stories(builds=["reference"]))
def test_energy_that_is_charged_costs_its_price(story: Story):
    """With one tariff all along, what is charged is what went through the register, times it.

    By day and by night, where the night has a price of its own.
    """
    deeds = tuple(deed for deed in story.deeds if deed[1] != "tariff")
    lab = live(Story(setting=story.setting, deeds=deeds))
    state = lab.state()
    _, day, night = story.setting.model.credit.pricing
    day_wh = state.charged_wh - state.charged_night_wh
    assert state.charged_ueur == day_wh * day + state.charged_night_wh * night
    assert state.charged_night_wh <= state.night_wh
