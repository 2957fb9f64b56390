"""Re-arming a gas meter: flow shuts the valve, time opens it, a power cut ends it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from card_protocol.card.virtual import card_of
from card_protocol.formats.budget import DESK, CardId, OrderFlags, Sfi, open_sealed, seal
from card_protocol.keys import Purpose, derive
from meter_emu.desk.desk import Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.firmware.layouts import Supply
from meter_emu.firmware.program import Program
from meter_emu.ports import Button, Lamp
from meter_emu.stories.story import models
from meter_emu.world.meter.acts import Appliances, Press
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.build import dialogues, parse_build
from tests.cards import raw_on, with_raw
from tests.properties.around_t_stories import around_t_stories, at_every_poll, lived
from tests.properties.trials import (
    GAS,
    HOUR_US,
    METER_ID,
    SECOND_US,
    WORK_US,
    Circumstances,
    MeterSetup,
    civil,
    state_of,
    us,
)

NOON_US = us(datetime(2020, 7, 1, 10, 0, tzinfo=UTC))  # a Wednesday: no window
TEST_US = GAS.rearm.tightness_s * SECOND_US
TRAVEL_US = 3 * SECOND_US
HELD_MS = 4_000
RATES = st.integers(1, 6_000)
DESK_KEY = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, METER_ID)


def ready(rate: int, *, outage: tuple[int, int] | None = None) -> MeterSetup:
    """Return a meter that went dark for lack of credit, loaded since, and waits for a person.

    `outage` counts from that moment.
    """
    at_us = NOON_US + 2 * HOUR_US
    outages = [] if outage is None else [(at_us + outage[0], at_us + outage[1])]
    setup = MeterSetup(
        Circumstances(
            start_us=NOON_US,
            clock_set_us=NOON_US,
            balance_cents=0,
            load=(rate,) * 24,
            outages=outages,
            model=GAS,
        )
    )
    setup.bench.run_until(NOON_US + HOUR_US)
    setup.write(Work(load_cents=5_000))
    setup.insert()
    setup.bench.run_until(NOON_US + 2 * HOUR_US)
    assert setup.state().supply == Supply.READY_FOR_RECONNECTION
    assert setup.board.panel.lamps & Lamp.RECONNECT
    return setup


def hold(setup: MeterSetup, lit_after_us: int) -> None:
    setup.bench.do(Appliances(lit=False, until_us=setup.board.now_us + lit_after_us))
    setup.bench.do(Press(Button.BLUE, held_ms=HELD_MS))


def valve_shut(setup: MeterSetup) -> bool:
    return not setup.board.switch.on and setup.state().supply != Supply.CONNECTED


@pytest.mark.slow("lives many stories")
@given(RATES, st.integers(0, TRAVEL_US + TEST_US - SECOND_US))
@example(rate=1, lit_after_us=0)
@example(rate=1, lit_after_us=TRAVEL_US + TEST_US - SECOND_US)
def test_any_flow_in_the_countdown_ends_with_the_valve_shut(rate, lit_after_us):
    setup = ready(rate)
    began_us = setup.board.now_us
    hold(setup, lit_after_us)
    assert valve_shut(setup)
    assert "GAS FLOWED" in setup.board.panel.text
    flowed_us = max(lit_after_us, TRAVEL_US)
    assert setup.board.now_us - began_us <= flowed_us + WORK_US
    register = setup.board.metrology.read_units(setup.board.now_us)
    setup.bench.run_until(setup.board.now_us + 5 * HOUR_US)
    assert setup.board.metrology.read_units(setup.board.now_us) == register
    hold(setup, TEST_US + WORK_US)
    assert setup.state().supply == Supply.CONNECTED


@pytest.mark.slow("lives many stories")
@given(RATES, st.integers(TRAVEL_US + TEST_US + SECOND_US, 2 * TEST_US))
def test_a_countdown_without_flow_ends_with_supply(rate, lit_after_us):
    setup = ready(rate)
    began_us = setup.board.now_us
    hold(setup, lit_after_us)
    assert setup.board.switch.on
    assert setup.state().supply == Supply.CONNECTED
    assert setup.board.now_us - began_us >= TEST_US


@given(st.integers(0, 2_999))
def test_a_button_let_go_too_early_only_scrolls(held_ms):
    setup = ready(100)
    setup.bench.do(Press(Button.BLUE, held_ms=held_ms))
    assert valve_shut(setup)
    assert setup.board.panel.text.startswith("CLOCK")


@pytest.mark.slow("lives many stories")
@given(st.integers(1, TRAVEL_US + TEST_US), st.integers(1, HOUR_US), st.booleans())
@example(lost_us=1_000, long_us=1, lit=True)
@example(lost_us=TRAVEL_US + TEST_US - 1, long_us=1, lit=True)
def test_a_power_cut_at_any_moment_of_re_arming_leaves_the_valve_shut(lost_us, long_us, lit):
    setup = ready(500, outage=(lost_us, lost_us + long_us))
    hold(setup, lost_us if lit else 2 * HOUR_US)
    assert not setup.board.powered
    back_us = NOON_US + 2 * HOUR_US + lost_us + long_us
    setup.bench.run_until(back_us + GAS.boot_ms * 1_000 + WORK_US)
    assert valve_shut(setup)
    assert setup.board.panel.lamps & Lamp.RECONNECT


@pytest.mark.slow("lives many stories")
@given(around_t_stories([kit for kit in models() if kit.model.energy == "gas"]))
def test_gas_flows_only_while_the_supply_is_connected(story):
    """Except inside a countdown, and after a power cut in it until the meter is back."""

    def look(bench: Bench) -> None:
        board = bench.board
        if board.powered and state_of(board).supply != Supply.CONNECTED:
            assert not board.switch.on
            assert not board.metrology.rate(board.now_us)

    lived(story, prepare=at_every_poll(look))


@pytest.mark.parametrize("dark_for", [Work(cut_at=civil(NOON_US)), Work(load_cents=500)])
def test_a_home_that_may_not_have_supply_has_no_test_of_its_installation(dark_for):
    """Cut on schedule, and out of a loaded credit that emergency credit has eaten: no flow."""
    setup = MeterSetup(
        Circumstances(
            start_us=NOON_US,
            clock_set_us=NOON_US,
            balance_cents=-10_000,
            load=(3_000,) * 24,
            model=GAS,
        )
    )
    setup.write(dark_for)
    setup.insert()
    setup.bench.run_until(NOON_US + HOUR_US)
    hold(setup, TEST_US + WORK_US)  # takes the emergency credit, where that is offered
    assert setup.state().supply == Supply.DISCONNECTED
    assert [on for _, on in setup.board.moves] == [False]
    assert setup.board.now_us < NOON_US + HOUR_US + WORK_US


class Trusting(Program):
    """A program that rests through the countdown and never asks whether anything flowed."""

    __slots__ = ()

    def _tight(self, whole_ms: int) -> bool:
        self._ports.switch_drive(True)
        self._ports.wait_ms(whole_ms)
        return True


def test_the_countdown_law_can_fail():
    setup = ready(500)
    parts = parse_build("reference").parts(GAS)
    setup.run_on(lambda ports: Trusting(ports, parts, dialogues()))
    hold(setup, 60 * SECOND_US)
    assert not valve_shut(setup)


@given(st.integers(1, 3_000))
def test_emergency_credit_is_taken_by_the_held_button_in_the_dark(rate):
    setup = MeterSetup(
        Circumstances(
            start_us=NOON_US,
            clock_set_us=NOON_US,
            balance_cents=0,
            load=(rate,) * 24,
            model=GAS,
        )
    )
    setup.bench.run_until(NOON_US + HOUR_US)
    assume(setup.state().supply == Supply.DISCONNECTED)
    hold(setup, TEST_US + WORK_US)
    assert setup.state().emergency_debt_ueur == 15_000_000
    assert setup.state().supply == Supply.CONNECTED


def test_a_valve_has_no_limiter_whatever_a_card_grants():
    """Our own desk writes no such order: another office's might."""
    setup = ready(100)
    setup.write(Work(prepayment=True))
    card = CardId(METER_ID, 1, setup.card.image.kind)
    order = open_sealed(DESK, raw_on(setup.card.image, Sfi.DESK), DESK_KEY, card)
    granted = replace(order, flags=order.flags | OrderFlags.LIMITER_GRANTED)
    sealed = seal(DESK, granted, DESK_KEY, card)
    setup.card = card_of(with_raw(setup.card.image, Sfi.DESK, sealed), bytes)
    before = setup.state()
    setup.insert()
    assert "NO_LIMITER" in setup.board.panel.text
    assert setup.state().flags == before.flags
    assert setup.state().order_number == before.order_number


def test_the_card_of_the_other_energy_is_refused_and_keeps_its_tries():
    setup = ready(100)
    other = MeterSetup(Circumstances(start_us=NOON_US, clock_set_us=NOON_US))
    for meter, card in ((setup, other.card), (other, setup.card)):
        before = card.image.to_bytes()
        meter.bench.insert(card)
        assert "WRONG_ENERGY" in meter.board.panel.text
        meter.bench.remove()
        assert card.image.to_bytes() == before
