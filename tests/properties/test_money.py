"""Money is conserved to the smallest unit across desk, card and meter, cuts and tears included."""

from typing import Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from meter_emu.desk.desk import Work
from meter_emu.firmware.layouts import State
from meter_emu.stories.around_t import around_t
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import own_models
from meter_emu.units import UEUR_PER_CENT
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.model import MeterModel
from tests.laws import wrong
from tests.properties.around_t_stories import around_t_stories, at_every_poll, kits, lived
from tests.properties.trials import DAY_US, HOUR_US, SECOND_US, Circumstances, MeterSetup, state_of

_SUM: Final = 1 << 32  # sums of energy and the register wrap there, and an age begins just below


def money_ueur(state: State) -> int:
    """Return what is in the meter or was consumed, less what was loaded: always the same."""
    held_ueur = state.balance_ueur - state.emergency_debt_ueur
    return held_ueur + state.charged_ueur - state.accepted_cents * UEUR_PER_CENT


def balance_law(board: Board, model: MeterModel, then: State) -> None:
    """What the meter has accepted is in it or was consumed, and so is all that went through it.

    Both since `then`: meter and card have a past, whose sums are drawn each for itself.
    """
    state = state_of(board)
    assert money_ueur(state) == money_ueur(then)
    booked_units = (state.booked_units - then.booked_units) % _SUM
    assert booked_units <= (board.metrology.read_units(board.now_us) - then.booked_units) % _SUM
    booked_wh = sum(
        (getattr(state, name) - getattr(then, name)) % _SUM
        for name in ("charged_wh", "deferred_wh", "postpaid_wh")
    )
    booked_mwh = booked_units * model.credit.mwh_per_unit
    assert then.remainder_mwh + booked_mwh == booked_wh * 1000 + state.remainder_mwh
    assert 0 <= state.remainder_mwh < 1000


def issued_cents(story: Campaign) -> int:
    (household,) = story.households
    return sum(visit.desk.load_cents for visit in household.visits if visit.desk is not None)


def of_one_chip(seed: int) -> Campaign:
    return around_t(seeded(seed), [kit for kit in own_models() if kit.model.rtc == "pcf8563"])


def money_at_every_poll(story: Campaign, build: str = "reference") -> State:
    """Live an evening with the law held at every poll; return the state at its end."""
    (household,) = story.households
    begins: list[State] = []

    def look(bench: Bench) -> None:
        if bench.board.powered:
            balance_law(bench.board, household.model, begins[-1])

    def prepare(bench: Bench) -> None:
        begins.append(state_of(bench.board))
        at_every_poll(look)(bench)

    state, then = state_of(lived(story, build, prepare).board), begins[-1]
    assert then.balance_ueur == household.balance_cents * UEUR_PER_CENT
    assert state.accepted_cents - then.accepted_cents <= issued_cents(story)
    return state


@pytest.mark.slow("lives many stories")
@given(around_t_stories())
def test_money_is_conserved_whatever_happens(story):
    money_at_every_poll(story)


def test_money_that_is_lost_is_seen():
    """By a program that takes 50 cents more than it accepts, in the first evening with a load."""
    story = next(story for story in map(of_one_chip, range(100)) if issued_cents(story))
    with pytest.raises(AssertionError):
        money_at_every_poll(story, f"{wrong.__name__}:losing")


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
    setting = Circumstances(
        start_us=start_us, clock_set_us=start_us, outages=[outage], seed=seed, **kit._asdict()
    )
    setup = MeterSetup(setting)
    then = setup.state()

    def holds() -> None:
        balance_law(setup.board, kit.model, then)

    setup.write(Work(load_cents=cents))
    setup.bench.run_until(at_us)
    setup.bench.insert(setup.card)  # and it stays in across the cut
    holds()
    setup.bench.run_until(at_us + DAY_US)
    setup.bench.remove()
    setup.insert()
    holds()
    assert setup.state().accepted_cents == cents
    assert setup.state().accepted_count == 1


@pytest.mark.slow("lives many stories")
@given(around_t_stories())
def test_energy_that_is_charged_costs_its_price(story):
    """With one tariff all along, what is charged is what went through the register, times it.

    By day and by night, where the night has a price of its own.
    """
    (household,) = story.households
    assume(not any(visit.desk and visit.desk.tariff for visit in household.visits))
    begins: list[State] = []
    state = state_of(lived(story, prepare=lambda b: begins.append(state_of(b.board))).board)
    then = begins[-1]
    _, day, night = household.model.credit.pricing
    charged_night_wh = (state.charged_night_wh - then.charged_night_wh) % _SUM
    day_wh = (state.charged_wh - then.charged_wh) % _SUM - charged_night_wh
    charged_ueur = state.charged_ueur - then.charged_ueur
    assert charged_ueur == day_wh * day + charged_night_wh * night
    assert charged_night_wh <= (state.night_wh - then.night_wh) % _SUM
